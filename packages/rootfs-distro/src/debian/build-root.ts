import { readdir } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { prefetch, type DirectoryJail } from '@caisson/core'
import { decompress, readTar, unpackTar } from '@caisson/tar'
import { cached, type BlobCache } from '../blob-cache.js'
import { distroError } from '../distro-error.js'
import { download } from '../download.js'
import { RootFiles } from '../root-files.js'
import type { ReportProgress } from '../progress.js'
import { readDeb, type DebFile, type PackedTar } from './deb-file.js'
import { infoName } from './dpkg-database.js'
import { finishRoot, prepareRoot, type UnpackedPackage } from './fix-ups.js'
import type { DebianPackage } from './package-index.js'

/** A root to be built of packages. */
export interface DebianBuild {
  readonly packages: readonly DebianPackage[]
  readonly architecture: string
  /** The time of everything that no package brings: that of the index. */
  readonly date: Date
  readonly cache: BlobCache
  readonly signal: AbortSignal | undefined
  readonly report: ReportProgress
}

const downloadsAtOnce = 6
// maintainer scripts and lists of files; Debian's longest list of digests has about 4 MB
const maxControlFile = 64 << 20

async function* bytesOf(packed: PackedTar): AsyncGenerator<Uint8Array> {
  yield packed.bytes
}

function archiveOf(packed: PackedTar, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  const { compression } = packed
  return decompress(bytesOf(packed), { compression, ...(signal === undefined ? {} : { signal }) })
}

async function fetchPackage(one: DebianPackage, build: DebianBuild): Promise<DebFile> {
  const url = `${one.mirror}/${one.filename}`
  const bytes = await cached(build.cache, one.sha256, async () => {
    const expect = { size: one.size, sha256: one.sha256 }
    const found = await download({ url, maxBytes: one.size, expect, signal: build.signal })
    if (found !== undefined) return found
    const why = 'the index names it, and it is not there'
    throw distroError('ERR_MIRROR_UNREACHABLE', url, why, 'Use a mirror that is up to date.')
  })
  build.report({ phase: 'download', subject: one.name, bytes: one.size })
  return readDeb(bytes, `${one.name}_${one.version}_${one.architecture}.deb`)
}

/** Maintainer scripts and the rest of the control archive go to dpkg's database; the postinst is given back. */
async function keepControl(
  root: RootFiles,
  one: DebianPackage,
  deb: DebFile,
  signal: AbortSignal | undefined,
): Promise<string> {
  let postinst = ''
  const limits = { contentBytes: maxControlFile }
  for await (const { entry, content } of readTar(archiveOf(deb.control, signal), { limits })) {
    const name = /^(?:\.\/)?([a-z0-9][a-z0-9.-]*)$/.exec(entry.path.toString('latin1'))?.[1]
    if (entry.type !== 'file' || name === undefined || name === 'control') continue
    const chunks: Buffer[] = []
    for await (const { bytes } of content) chunks.push(bytes)
    const bytes = Buffer.concat(chunks)
    if (name === 'postinst') postinst = bytes.toString('utf8')
    await root.file(`/var/lib/dpkg/info/${infoName(one)}.${name}`, bytes, entry.mode & 0o755)
  }
  return postinst
}

/** As dpkg lists them: absolute, without a slash at the end, the root itself as `/.`. */
function listedName(path: Buffer): string {
  const name = path
    .toString('latin1')
    .replace(/^\.?\/*/, '')
    .replace(/\/+$/, '')
  return name === '' ? '/.' : `/${name}`
}

/** Directories that a package puts something into without saying when they changed. */
function unlistedDirectories(names: readonly string[]): ReadonlySet<string> {
  const listed = new Set(names)
  const parents = names.filter((name) => name !== '/.').map((name) => posix.dirname(name))
  return new Set(parents.filter((name) => name !== '/' && !listed.has(name)))
}

async function unpackPackage(
  jail: DirectoryJail,
  root: RootFiles,
  one: DebianPackage,
  deb: DebFile,
  { signal, report }: DebianBuild,
): Promise<UnpackedPackage> {
  const names: string[] = []
  await unpackTar(archiveOf(deb.data, signal), jail, {
    keepLinks: true,
    filter: ({ path }) => names.push(listedName(path)) > 0,
    ...(signal === undefined ? {} : { signal }),
  })
  root.touched(unlistedDirectories(names))
  const postinst = await keepControl(root, one, deb, signal)
  const list = Buffer.from(names.map((name) => `${name}\n`).join(''), 'latin1')
  await root.file(`/var/lib/dpkg/info/${infoName(one)}.list`, list)
  report({ phase: 'install', subject: one.name, bytes: 0 })
  return { about: one, postinst }
}

/**
 * Builds a root in an empty directory: packages unpacked in the order given, and what their maintainer scripts would do as
 * far as it can be read. No program of theirs is run.
 * @param directory the jail's own, to be read alone
 * @throws CaissonError ERR_MIRROR_UNREACHABLE, ERR_DIGEST_MISMATCH, ERR_ARCHIVE_CORRUPT, ERR_ABORTED, ERR_FILE_*
 */
export async function buildRoot(
  jail: DirectoryJail,
  directory: string,
  build: DebianBuild,
): Promise<void> {
  const root = new RootFiles(jail, build.date)
  await prepareRoot(root, build.architecture)
  const unpacked: UnpackedPackage[] = []
  const debs = prefetch(build.packages, downloadsAtOnce, (one) => fetchPackage(one, build))
  for await (const { item, loaded } of debs) {
    unpacked.push(await unpackPackage(jail, root, item, loaded, build))
  }
  await finishRoot(root, unpacked, (path) => readdir(join(directory, path)))
}
