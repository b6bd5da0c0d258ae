import { createHash } from 'node:crypto'
import type { DirectoryJail } from '@caisson/core'

const FILE = 0o100000
const DIRECTORY = 0o040000

async function digestOf(jail: DirectoryJail, path: Buffer): Promise<string> {
  const hash = createHash('sha256')
  const file = await jail.open(path, { access: 'read' })
  try {
    for (let at = 0; ;) {
      const chunk = await file.read(at, 256 * 1024)
      if (chunk.length === 0) return hash.digest('hex').slice(0, 16)
      hash.update(chunk)
      at += chunk.length
    }
  } finally {
    await file.close()
  }
}

/** Names in a directory, sorted. */
export async function namesOf(jail: DirectoryJail, path: Buffer): Promise<readonly Buffer[]> {
  const directory = await jail.open(path, { access: 'list' })
  const names: Buffer[] = []
  try {
    for (;;) {
      const entries = await directory.list()
      if (entries.length === 0) break
      names.push(...entries.map(({ name }) => Buffer.from(name)))
    }
  } finally {
    await directory.close()
  }
  return names.toSorted((a, b) => a.compare(b))
}

/** All that can be seen of a tree, by name (latin1): type and mode, owner, time, size, links, target, device, attributes, content. */
export async function describeTree(
  jail: DirectoryJail,
  what: { readonly owners: boolean },
  at = '',
): Promise<ReadonlyMap<string, string>> {
  const path = Buffer.from(at === '' ? '.' : at, 'latin1')
  const found = await jail.get(path)
  const { status, device, target, xattrs } = found
  const type = status.mode & 0o170000
  const attributes = [...xattrs]
    .map(([name, value]) => `${name}=${Buffer.from(value).toString('hex')}`)
    .toSorted()
  const line = [
    status.mode.toString(8),
    what.owners ? `${status.uid}:${status.gid}` : '',
    type === DIRECTORY && at === '' ? '' : status.mtimeNs,
    type === DIRECTORY ? '' : `${status.size} x${status.links}`,
    Buffer.from(target).toString('latin1'),
    `${device.major}:${device.minor}`,
    attributes.join(','),
    type === FILE ? await digestOf(jail, path) : '',
  ].join(' | ')
  const all = new Map([[at, line]])
  if (type !== DIRECTORY) return all
  for (const name of await namesOf(jail, path)) {
    const child = at === '' ? name.toString('latin1') : `${at}/${name.toString('latin1')}`
    for (const [one, text] of await describeTree(jail, what, child)) all.set(one, text)
  }
  return all
}
