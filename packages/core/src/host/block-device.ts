import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { CaissonError } from '../errors/caisson-error.js'

const sysfs = '/sys/dev/block'

/** The numbers of a device as Linux packs them into a dev_t of 64 bits. */
function numbersOf(device: number): string {
  const dev = BigInt(device)
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn)
  const minor = (dev & 0xffn) | ((dev >> 12n) & 0xffffff00n)
  return `${major}:${minor}`
}

function bad(device: string, field: string, why: string, errno?: string): CaissonError {
  return new CaissonError({
    code: 'ERR_LIMIT_DEVICE',
    what: 'block device',
    subject: device,
    field,
    why,
    errno,
  })
}

function numberOf(device: string, field: string): string {
  try {
    const { mode, dev, rdev } = statSync(device)
    const special = (mode & 0o170000) === 0o060000
    return numbersOf(special ? rdev : dev)
  } catch (error) {
    const errno = error instanceof Error && 'code' in error ? String(error.code) : undefined
    throw bad(device, field, `cannot be looked at (${errno ?? String(error)})`, errno)
  }
}

/**
 * `major:minor` of the whole disk that is meant: control groups limit disks, not partitions.
 * @param device `8:0`, the path of a block device, or a path on one
 * @throws CaissonError ERR_LIMIT_DEVICE naming the field
 */
export function resolveBlockDevice(device: string, field: string): string {
  const number = device.startsWith('/') ? numberOf(device, field) : device
  const link = join(sysfs, number)
  if (!existsSync(link)) {
    const why = device.startsWith('/')
      ? `it is on device ${number}, which is no block device (a tmpfs, an overlay or a network)`
      : 'there is no such block device'
    throw bad(device, field, why)
  }
  const place = realpathSync(link)
  if (!existsSync(join(place, 'partition'))) return number
  return readFileSync(join(dirname(place), 'dev'), 'latin1').trim()
}
