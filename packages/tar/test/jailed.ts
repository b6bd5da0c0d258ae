import { createHash } from 'node:crypto'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DirectoryJail, Launcher } from '@caisson/core'
import { createLauncher } from '@caisson/launcher'
import { packDirectory } from '../dist/index.js'

export const isRoot = process.getuid?.() === 0

/** Directories of a test, each behind a jail; all that is in them goes at the end, whoever owns it. */
export class Jails implements AsyncDisposable {
  readonly launcher: Launcher = createLauncher()
  readonly #all: { readonly path: string; readonly jail: DirectoryJail }[] = []

  async make(): Promise<{ readonly path: string; readonly jail: DirectoryJail }> {
    const path = mkdtempSync(join(tmpdir(), 'caisson-tar-'))
    const jail = await this.launcher.jail?.(path)
    if (jail === undefined) throw new Error('this launcher has no jail')
    this.#all.push({ path, jail })
    return { path, jail }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { path, jail } of this.#all.splice(0)) {
      const root = await jail.open(Buffer.from('/'), { access: 'list' })
      for (let some = await root.list(); some.length > 0; some = await root.list())
        for (const { name } of some) await jail.files.remove(name, true)
      await root.close()
      await jail[Symbol.asyncDispose]()
      rmdirSync(path)
    }
    await this.launcher[Symbol.asyncDispose]()
  }
}

async function digestOf(
  content: AsyncIterable<Uint8Array> | Uint8Array | undefined,
): Promise<string> {
  if (content === undefined) return ''
  const hash = createHash('sha1')
  if (content instanceof Uint8Array) hash.update(content)
  else for await (const chunk of content) hash.update(chunk)
  return hash.digest('hex')
}

/** All that is to be seen in a directory, a line an entry. Its own root is left out. */
export async function listing(jail: DirectoryJail): Promise<readonly string[]> {
  const lines: string[] = []
  for await (const { entry, content } of packDirectory(jail)) {
    const name = entry.path.toString('latin1')
    if (name === '.') continue
    const owner = isRoot ? `${entry.uid}:${entry.gid}` : ''
    const mode = (entry.type === 'hardlink' ? 0 : entry.mode).toString(8)
    const device = `${entry.device.major},${entry.device.minor}`
    const xattrs = [...entry.xattrs]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => `${key}=${value.toString('hex')}`)
      .join()
    const target = entry.target.toString('latin1')
    const rest = [target, device, xattrs, await digestOf(content)]
    lines.push([name, entry.type, mode, owner, entry.size, entry.mtimeNs, ...rest].join(' '))
  }
  return lines
}
