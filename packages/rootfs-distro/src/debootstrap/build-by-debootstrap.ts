import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { requireProgram, type DirectoryJail } from '@caisson/core'
import type { BootstrapBuild, Bootstrapper } from '../bootstrap/bootstrap-order.js'
import { unpackWithoutHost } from '../bootstrap/unpack-without-host.js'
import type { ReportProgress } from '../progress.js'
import { moveTree } from '../tools/move-tree.js'
import { chooseMode, namespacesOf } from '../tools/privilege.js'
import { runTool } from '../tools/run-tool.js'
import { openScratch } from '../tools/scratch.js'
import { ToolFailure } from '../tools/tool-failure.js'
import { explainDebootstrap } from './explain-debootstrap.js'

/** What it tells of a package; that it unpacks one, it may tell twice. */
const retrieving = /^I: Retrieving (?!InRelease|Release|Packages)(\S+) /
const unpacking = /^I: (?:Extracting|Unpacking) (\S+?)(?::\S+)?\.\.\.$/

function tellSteps(report: ReportProgress): (line: string) => void {
  const unpacked = new Set<string>()
  return (line) => {
    const fetched = retrieving.exec(line)?.[1]
    if (fetched !== undefined) report({ phase: 'download', subject: fetched, bytes: 0 })
    const name = unpacking.exec(line)?.[1]
    if (name === undefined || unpacked.has(name)) return
    unpacked.add(name)
    report({ phase: 'install', subject: name, bytes: 0 })
  }
}

const devices: readonly string[] = ['null', 'zero', 'full', 'random', 'urandom', 'tty']

// A user namespace can bind devices and not make them, and only in its own mounts. Whatever is not constant is an argument.
const bindDevices = `root=$1; shift
for name in ${devices.join(' ')}; do mount --bind "/dev/$name" "$root/dev/$name" || exit; done
exec "$@"`

/** What is of the time of the build, of no use in the root, or a device that is none. */
const noPartOfIt =
  /^(dev\/|var\/cache\/apt\/|var\/lib\/apt\/lists\/|var\/log\/(apt\/|(alternatives|bootstrap|dpkg)\.log$)|var\/cache\/(ldconfig\/aux-cache$|debconf\/.*-old$))/

/** Directories stay, but for those in /dev. */
function leaveOut(name: string, type: string): boolean {
  return noPartOfIt.test(name) && (type !== 'directory' || name.startsWith('dev/'))
}

/** An empty root in which devices of the host can be bound. */
function makeRoot(path: string): void {
  mkdirSync(join(path, 'dev'), { recursive: true })
  for (const name of devices) writeFileSync(join(path, 'dev', name), '')
}

function logOf(root: string): readonly string[] {
  try {
    const log = readFileSync(join(root, 'debootstrap/debootstrap.log'), 'utf8')
    // nobody misses what wget says of each file that it has
    return log.split('\n').filter((line) => line !== '' && !/ URL:http/.test(line))
  } catch {
    // it failed before there was one
    return []
  }
}

/** The failure, with what the log has beside what was said. */
function withLog(failure: ToolFailure, log: readonly string[]): ToolFailure {
  // what was done without fault says nothing of it
  const said = failure.lines.filter((line) => !/^I: (Retriev|Validat|Extract)ing /.test(line))
  const lines = [...said.slice(-8), ...log.slice(-12)]
  return new ToolFailure(failure.argv, failure, lines)
}

interface Place extends BootstrapBuild {
  readonly root: string
  /** Of temporary files. */
  readonly scratch: string
  readonly inside: readonly [string, ...string[]]
  readonly subject: string
}

async function makeTree(place: Place): Promise<void> {
  const { request, root, scratch, inside, subject, signal, report, date } = place
  const { architecture, packages, sources, suite, variant } = request
  const [source] = sources
  // others may read it, and nobody else may where it is
  const keyring = join(scratch, 'keyring.gpg')
  copyFileSync(request.keyring, keyring)
  makeRoot(root)
  await runTool({
    argv: [
      ...inside,
      '/bin/sh',
      '-c',
      bindDevices,
      'sh',
      root,
      requireProgram('debootstrap', 'debootstrap'),
      ...(variant === 'base' ? [] : [`--variant=${variant}`]),
      `--arch=${architecture}`,
      `--keyring=${keyring}`,
      '--force-check-gpg',
      `--components=${source?.components.join(',') ?? 'main'}`,
      ...(packages.length === 0 ? [] : [`--include=${packages.join(',')}`]),
      suite,
      root,
      source?.mirror ?? '',
    ],
    env: {
      TMPDIR: scratch,
      SOURCE_DATE_EPOCH: String(Math.floor(date.getTime() / 1000)),
      // so that it does not insist on making devices
      container: 'lxc',
    },
    subject,
    signal,
    onLine: tellSteps(report),
    explain: (lines, failure) => {
      const log = logOf(root)
      return explainDebootstrap(subject, [...lines, ...log], withLog(failure, log))
    },
  })
}

/**
 * Runs debootstrap in a directory for temporary files, whose archive is unpacked as it comes: it never writes where the root is.
 * @throws CaissonError ERR_TOOL_MISSING, ERR_USER_NAMESPACE, of `explainDebootstrap`, of `unpackTar`, ERR_ABORTED
 */
async function build(jail: DirectoryJail, wanted: BootstrapBuild): Promise<void> {
  const subject = `debootstrap:${wanted.request.suite}`
  const inside = namespacesOf(chooseMode(subject))
  await using scratch = await openScratch(wanted.launcher)
  const root = join(scratch.path, 'root')
  const place = { ...wanted, root, scratch: scratch.path, inside, subject }
  await makeTree(place)
  const { date, signal } = wanted
  await moveTree({
    root,
    inside,
    date,
    subject,
    signal,
    unpack: (bytes) => unpackWithoutHost(bytes, jail, { date, signal, leaveOut }),
    explain: (lines, failure) => explainDebootstrap(subject, lines, failure),
  })
}

/** debootstrap(8) of the host. */
export const debootstrap: Bootstrapper = {
  name: 'debootstrap',
  recipeVersion: 1,
  // it reads no updates, wherever they are
  oneSource: true,
  check: (subject) => {
    requireProgram('debootstrap', 'debootstrap')
    requireProgram('tar', 'tar')
    namespacesOf(chooseMode(subject))
  },
  build,
}
