// Which compiler builds the launcher, and which of our flags it knows.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'

const WARNINGS = [
  '-Wall',
  '-Wextra',
  '-Wformat=2',
  '-Wshadow',
  '-Wvla',
  '-Wconversion',
  '-Wstrict-prototypes',
  '-Wmissing-prototypes',
  '-Wimplicit-fallthrough',
  '-Wswitch-enum',
]

const HARDENING = [
  '-fstack-protector-strong',
  '-fstack-clash-protection',
  '-fcf-protection=full',
  '-mbranch-protection=standard',
  '-ftrivial-auto-var-init=zero',
  '-fzero-call-used-regs=used-gpr',
  '-fstrict-flex-arrays=3',
  '-fno-strict-overflow',
  '-fno-delete-null-pointer-checks',
]

// Empty, like a `#define _GNU_SOURCE` in a source file, so that the two agree.
const BASE = ['-std=gnu11', '-D_GNU_SOURCE=', '-fno-strict-aliasing', '-fvisibility=hidden']
const SECTIONS = ['-ffunction-sections', '-fdata-sections']

export const LINK = [
  '-Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code',
  '-Wl,--gc-sections',
  '-Wl,--build-id=none',
]

export const PACKAGES = `  Debian, Ubuntu:  apt-get install gcc musl-tools
  Fedora, RHEL:    dnf install gcc glibc-static
  Alpine:          apk add gcc musl-dev linux-headers`

export const NO_COMPILER = `caisson: building the launcher needs a C compiler with a static C library, and there is none here.
${PACKAGES}`

function output(command, args, input = '') {
  const done = spawnSync(command, args, { input, encoding: 'utf8' })
  return done.status === 0 ? done.stdout : undefined
}

function describe(command, musl) {
  const version = output(command, ['--version'])
  if (version === undefined) return undefined
  return { command, musl, version: version.split('\n', 1)[0] }
}

/** The ordinary compiler: $CC, cc, gcc or clang. */
export function hostCompiler() {
  for (const command of [process.env.CC, 'cc', 'gcc', 'clang']) {
    const found = command ? describe(command, false) : undefined
    if (found) return found
  }
  return undefined
}

/** Compilers to try for the launcher, best first: glibc's start-up alone costs more than a whole container. */
export function launcherCompilers() {
  const musl = process.env.CC ? undefined : describe('musl-gcc', true)
  return [musl, hostCompiler()].filter((c) => c !== undefined)
}

/** Those of `flags` that the compiler takes without a word. */
function known(command, flags) {
  const takes = (list) =>
    output(command, [...list, '-Werror', '-x', 'c', '-c', '-o', '/dev/null', '-'], 'int x;\n') !==
    undefined
  return takes(flags) ? flags : flags.filter((flag) => takes([flag]))
}

/** Flags of every build; `root` is cut from paths in the object code so that two clones build the same bytes. */
export function commonFlags(compiler, root) {
  const strict = process.env.CI === '1' || process.env.CI === 'true' ? ['-Werror'] : []
  return [...BASE, ...known(compiler.command, WARNINGS), ...strict, `-ffile-prefix-map=${root}=.`]
}

/** Flags of the launcher itself on top of the common ones. */
export function hardeningFlags(compiler) {
  const fortify = compiler.musl
    ? []
    : ['-U_FORTIFY_SOURCE', ...known(compiler.command, ['-D_FORTIFY_SOURCE=3'])]
  return ['-O2', ...SECTIONS, ...known(compiler.command, HARDENING), ...fortify]
}

/**
 * musl-gcc sees none of the kernel's headers; only those, and nothing of glibc's, are lent to it.
 */
export function kernelHeaders(compiler, build) {
  if (!compiler.musl) return []
  const multiarch = (output('gcc', ['-print-multiarch']) ?? '').trim()
  const asm = [`/usr/include/${multiarch}/asm`, '/usr/include/asm'].find((path) => existsSync(path))
  if (!asm || !existsSync('/usr/include/linux')) return []
  const dir = join(build, 'kernel-headers')
  mkdirSync(dir, { recursive: true })
  for (const [name, target] of [
    ['linux', '/usr/include/linux'],
    ['asm-generic', '/usr/include/asm-generic'],
    ['asm', asm],
  ]) {
    if (!existsSync(join(dir, name))) symlinkSync(target, join(dir, name))
  }
  return ['-idirafter', dir]
}

/**
 * Ways to link statically, best first. Debian's `musl-gcc -static-pie` exits 0 and makes a dynamic program, so the
 * position-independent start file is named by hand.
 */
export function linkings(compiler) {
  const plain = { name: 'static', compile: ['-fno-pie'], link: ['-static', '-no-pie'] }
  if (!compiler.musl)
    return [{ name: 'static-pie', compile: ['-fPIE'], link: ['-static-pie'] }, plain]
  const arch = { x64: 'x86_64', arm64: 'aarch64', riscv64: 'riscv64' }[process.arch] ?? process.arch
  const start = [
    `/usr/lib/${arch}-linux-musl/rcrt1.o`,
    `/usr/${arch}-linux-musl/lib64/rcrt1.o`,
    '/usr/lib/musl/lib/rcrt1.o',
    '/usr/local/musl/lib/rcrt1.o',
  ].find((path) => existsSync(path))
  const pie = start && {
    name: 'musl static-pie',
    compile: ['-fPIE'],
    link: ['-nostartfiles', start, '-static', '-Wl,-pie,--no-dynamic-linker,-z,text'],
  }
  return [pie, { ...plain, name: 'musl static' }].filter((l) => l !== undefined)
}
