import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { processStart } from './process-start.js'
import { errnoOf } from './rootfs-error.js'

const NAME = /^\.staging-(\d+)-(\d+)-[0-9a-f]+$/

/** Removes what builders that no longer live have left in `parent`. */
async function sweep(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const match = NAME.exec(name)
    if (match === null || processStart(Number(match[1])) === match[2]) continue
    await rm(join(parent, name), { recursive: true, force: true })
  }
}

async function renameUnlessThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    const code = errnoOf(error)
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error
  }
}

/**
 * Publishes a directory: `build` fills a private one, which is then renamed to `<parent>/<name>`. When another process was
 * faster its result stays and ours goes. After a failure nothing is left.
 */
export async function publishDirectory(
  parent: string,
  name: string,
  build: (directory: string) => Promise<void>,
): Promise<string> {
  await mkdir(parent, { recursive: true, mode: 0o700 })
  await sweep(parent)
  const owner = `${process.pid}-${processStart(process.pid) ?? '0'}`
  const staging = join(parent, `.staging-${owner}-${randomBytes(6).toString('hex')}`)
  const published = join(parent, name)
  await mkdir(staging)
  try {
    await build(staging)
    await renameUnlessThere(staging, published)
  } finally {
    await rm(staging, { recursive: true, force: true })
  }
  return published
}
