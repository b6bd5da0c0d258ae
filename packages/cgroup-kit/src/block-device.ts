import { readFileSync, statSync } from 'node:fs'

/** As glibc's gnu_dev_major and gnu_dev_minor have it. */
const numbers = (dev: bigint): string =>
  `${((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n)}:${(dev & 0xffn) | ((dev >> 12n) & 0xffffff00n)}`

function readLine(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1').trim()
  } catch {
    return undefined
  }
}

/**
 * Number of the disk that limits of block devices are given for: `8:0`, of a node in /dev, or of the disk that a path lies on;
 * for a partition, its disk.
 * @param device `major:minor`, or an absolute path
 * @returns undefined when it is none, e.g. a path on tmpfs or overlay
 */
export function blockDevice(device: string): string | undefined {
  let name = device
  if (device.startsWith('/')) {
    try {
      const stat = statSync(device, { bigint: true })
      name = numbers(stat.isBlockDevice() ? stat.rdev : stat.dev)
    } catch {
      return undefined
    }
  }
  if (!/^\d+:\d+$/.test(name)) return undefined
  const sys = `/sys/dev/block/${name}`
  if (readLine(`${sys}/dev`) === undefined) return undefined
  return readLine(`${sys}/partition`) === undefined ? name : readLine(`${sys}/../dev`)
}
