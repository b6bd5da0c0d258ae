import type { RootFiles } from '../root-files.js'
import { chooseAlternatives, readAlternatives } from './alternatives.js'
import { baseDirectories, baseFiles, masterFiles, mergedUsrLinks } from './base-files.js'
import { busyboxApplets } from './busybox-applets.js'
import { dpkgStatus } from './dpkg-database.js'
import type { DebianPackage } from './package-index.js'

/** What of a package the fix-ups need to know. */
export interface UnpackedPackage {
  readonly about: DebianPackage
  /** Its maintainer script; '' when it has none. */
  readonly postinst: string
}

/** Before anything is unpacked: directories, and the links of a merged /usr that packages write through. */
export async function prepareRoot(root: RootFiles, architecture: string): Promise<void> {
  for (const { path, mode } of baseDirectories) await root.directory(path, mode)
  for (const name of mergedUsrLinks(architecture)) {
    await root.directory(`/usr/${name}`, 0o755)
    await root.link(`/${name}`, `usr/${name}`)
  }
}

async function addIdentities(root: RootFiles): Promise<void> {
  for (const { from, to } of masterFiles) {
    const master = await root.read(from)
    if (master !== undefined && !(await root.exists(to))) await root.file(to, master)
  }
  for (const { path, text, mode } of baseFiles) {
    if (!(await root.exists(path))) await root.file(path, text, mode)
  }
}

async function addAlternatives(root: RootFiles, scripts: readonly string[]): Promise<void> {
  const choices = scripts.flatMap(readAlternatives)
  const there = new Set<string>()
  for (const { path } of choices.flatMap((choice) => [choice, ...choice.slaves])) {
    if (await root.exists(path)) there.add(path)
  }
  const links = chooseAlternatives(choices, (path) => there.has(path))
  if (links.length > 0) await root.directory('/etc/alternatives', 0o755)
  for (const { path, target } of links) {
    if (!(await root.exists(path))) await root.link(path, target)
  }
}

async function addApplets(root: RootFiles): Promise<void> {
  const binary = await root.readAll('/usr/bin/busybox')
  if (binary === undefined) return
  for (const name of busyboxApplets(binary)) {
    const taken =
      (await root.exists(`/usr/bin/${name}`)) || (await root.exists(`/usr/sbin/${name}`))
    if (!taken) await root.link(`/usr/bin/${name}`, 'busybox')
  }
}

/** As update-ca-certificates(8) does it: all of them in one file. */
async function addCertificates(
  root: RootFiles,
  listFiles: (directory: string) => Promise<readonly string[]>,
): Promise<void> {
  const directory = '/usr/share/ca-certificates/mozilla'
  if (!(await root.exists(directory))) return
  const names = (await listFiles(directory)).filter((name) => name.endsWith('.crt')).toSorted()
  const certificates: string[] = []
  for (const name of names) {
    const text = await root.read(`${directory}/${name}`)
    if (text !== undefined) certificates.push(text.endsWith('\n') ? text : `${text}\n`)
  }
  await root.directory('/etc/ssl', 0o755)
  await root.directory('/etc/ssl/certs', 0o755)
  await root.file('/etc/ssl/certs/ca-certificates.crt', certificates.join(''))
  const listed = names.map((name) => `mozilla/${name}\n`).join('')
  await root.file('/etc/ca-certificates.conf', listed)
}

/** After everything is unpacked: what maintainer scripts would do, as far as programs need it; no script is run. */
export async function finishRoot(
  root: RootFiles,
  packages: readonly UnpackedPackage[],
  listFiles: (directory: string) => Promise<readonly string[]>,
): Promise<void> {
  await addIdentities(root)
  await addAlternatives(
    root,
    packages.map(({ postinst }) => postinst),
  )
  await addApplets(root)
  await addCertificates(root, listFiles)
  await root.file('/var/lib/dpkg/status', dpkgStatus(packages.map(({ about }) => about)))
  await root.file('/var/lib/dpkg/available', '')
  // names of files of packages that may be there for several architectures hold theirs
  await root.file('/var/lib/dpkg/info/format', '1\n')
  await root.settle()
}
