import type { DirectoryJail } from '@caisson/core'
import { unpackTar } from '@caisson/tar'
import { RootFiles } from '../root-files.js'

/** What tools copy from the host, and what is there instead. */
const ofHost: ReadonlyMap<string, string> = new Map([
  ['etc/hostname', 'localhost\n'],
  ['etc/resolv.conf', ''],
])

/**
 * Unpacks a root that a tool made: the same packages are to make the same root, and whose host it was is nobody's affair.
 * @param options date: the time of what takes the place of the host's files; leaveOut: what else does not belong in it, by the path
 * from the root on, e.g. `var/log/dpkg.log`, and by its type
 * @throws CaissonError of `unpackTar`
 */
export async function unpackWithoutHost(
  bytes: AsyncIterable<Uint8Array>,
  jail: DirectoryJail,
  options: {
    readonly date: Date
    readonly signal: AbortSignal
    readonly leaveOut?: (name: string, type: string) => boolean
  },
): Promise<void> {
  const { date, signal, leaveOut } = options
  const found = new Map<string, string>()
  await unpackTar(bytes, jail, {
    signal,
    filter: ({ path, type }) => {
      const name = path
        .toString('latin1')
        .replace(/^\.?\/+/, '')
        .replace(/\/+$/, '')
      const text = ofHost.get(name)
      if (text !== undefined) found.set(name, text)
      return text === undefined && leaveOut?.(name, type) !== true
    },
  })
  const root = new RootFiles(jail, date)
  for (const [name, text] of found) await root.file(`/${name}`, text)
  await root.settle()
}
