// What this machine lacks, each with the command that mends it. Nothing here changes the machine.
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const NODE_NEEDED = [20, 19]

/** Whether a program is on PATH. */
function isOnPath(name) {
  return (process.env['PATH'] ?? '').split(delimiter).some((dir) => {
    try {
      accessSync(join(dir, name), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** The command that installs a package here, by the package manager this system has. */
function installCommand({ apt, dnf, apk, pacman }) {
  const sudo = process.getuid?.() === 0 ? '' : 'sudo '
  if (isOnPath('apt-get')) return `${sudo}apt-get install ${apt}`
  if (isOnPath('dnf')) return `${sudo}dnf install ${dnf}`
  if (isOnPath('apk')) return `${sudo}apk add ${apk}`
  if (isOnPath('pacman')) return `${sudo}pacman -S ${pacman}`
  return `install ${apt} with this system's package manager`
}

function readNumber(path) {
  try {
    return Number(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const [needMajor, needMinor] = NODE_NEEDED
  if (major > needMajor || (major === needMajor && minor >= needMinor)) return []
  return [
    {
      fatal: true,
      what: `Node ${process.versions.node} is too old: Caisson needs ${NODE_NEEDED.join('.')} or newer`,
      fix: 'install Node 20.19 or newer: https://nodejs.org/en/download',
    },
  ]
}

function checkPlatform() {
  if (process.platform === 'linux') return []
  return [
    {
      fatal: true,
      what: `containers are a feature of the Linux kernel, and this is ${process.platform}`,
      fix: 'run it on Linux, in a virtual machine for example',
    },
  ]
}

function checkCompiler() {
  if (['musl-gcc', 'cc', 'gcc', 'clang'].some(isOnPath)) return []
  const packages = {
    apt: 'gcc libc6-dev musl-tools',
    dnf: 'gcc glibc-static',
    apk: 'gcc musl-dev linux-headers',
    pacman: 'gcc musl',
  }
  return [
    {
      fatal: true,
      what: 'there is no C compiler, and the launcher is a C program',
      fix: installCommand(packages),
    },
  ]
}

function checkNpx() {
  if (isOnPath('npx')) return []
  const fix = installCommand({ apt: 'npm', dnf: 'npm', apk: 'npm', pacman: 'npm' })
  return [{ fatal: true, what: 'npx, which comes with npm, is not on PATH', fix }]
}

// Warnings only: AppArmor may have a profile for this very program, and a driver's probe knows better.
function checkUserNamespaces() {
  const sudo = process.getuid?.() === 0 ? '' : 'sudo '
  const found = []
  if (!existsSync('/proc/self/ns/user')) {
    found.push({
      what: 'this kernel has no user namespaces',
      fix: 'a kernel with CONFIG_USER_NS=y',
    })
  }
  if (readNumber('/proc/sys/user/max_user_namespaces') === 0) {
    found.push({
      what: 'user namespaces are forbidden (user.max_user_namespaces is 0)',
      fix: `${sudo}sysctl -w user.max_user_namespaces=15000`,
    })
  }
  if (process.getuid?.() === 0) return found
  if (readNumber('/proc/sys/kernel/unprivileged_userns_clone') === 0) {
    found.push({
      what: 'user namespaces are forbidden to ordinary users (kernel.unprivileged_userns_clone is 0)',
      fix: 'sudo sysctl -w kernel.unprivileged_userns_clone=1',
    })
  }
  if (readNumber('/proc/sys/kernel/apparmor_restrict_unprivileged_userns') === 1) {
    found.push({
      what: 'AppArmor restricts user namespaces of ordinary users',
      fix:
        'give the launcher an AppArmor profile with `userns,`, or for the whole machine: ' +
        'sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0',
    })
  }
  return found
}

/** `{ fatal, what, fix }` for each thing missing; `fatal` when set-up cannot go on without it. */
export function checkHost({ install }) {
  return [
    ...checkPlatform(),
    ...checkNode(),
    ...checkCompiler(),
    ...(install ? checkNpx() : []),
    ...checkUserNamespaces(),
  ]
}
