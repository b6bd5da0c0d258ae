import { archiveError } from './archive-error.js'
import { MAX_ID } from './decode-header.js'
import type { TarLimits } from './limits.js'
import type { PaxRecords } from './pax-records.js'

/** What an extended header says of the entry that follows it; what is absent stays as the header has it. */
export interface PaxValues {
  path?: Buffer
  linkpath?: Buffer
  size?: number
  uid?: number
  gid?: number
  userName?: string
  groupName?: string
  mtimeNs?: bigint
  readonly xattrs: Map<string, Buffer>
  /** Version 0.0, 0.1 or 1.0 of a sparse file. */
  sparse?: {
    version: '0.0' | '0.1' | '1.0'
    realSize?: number
    map?: string
    readonly numbers: string[]
  }
}

/** `123`, `-1.5`: seconds since 1970 to nanoseconds; what is finer is cut off, towards the past. */
export function parseTime(text: string): bigint | undefined {
  const match = /^(-?)(\d{1,18})(?:\.(\d*))?$/.exec(text)
  if (!match) return undefined
  const digits = match[3] ?? ''
  const ns = BigInt(match[2] ?? 0) * 1_000_000_000n + BigInt(digits.slice(0, 9).padEnd(9, '0'))
  if (match[1] !== '-') return ns
  return /[1-9]/.test(digits.slice(9)) ? -ns - 1n : -ns
}

class PaxReader {
  readonly #offset: number
  readonly #limits: TarLimits
  readonly values: PaxValues = { xattrs: new Map() }
  #xattrBytes = 0

  constructor(offset: number, limits: TarLimits) {
    this.#offset = offset
    this.#limits = limits
  }

  take(key: string, value: Buffer): void {
    if (key.startsWith('SCHILY.xattr.')) this.#xattr(key.slice(13), value)
    else if (key.startsWith('GNU.sparse.')) this.#sparse(key.slice(11), value)
    else if (key === 'SCHILY.realsize')
      throw this.#corrupt(key, 'is of a sparse file in a dialect not read here')
    // an empty value takes back what a global header has said: there is nothing that it could
    else if (value.length > 0) this.#plain(key, value)
  }

  #plain(key: string, value: Buffer): void {
    switch (key) {
      case 'path':
        this.values.path = this.#path(key, value)
        return
      case 'linkpath':
        this.values.linkpath = this.#path(key, value)
        return
      case 'size':
        this.values.size = this.#number(key, value, Number.MAX_SAFE_INTEGER)
        return
      case 'uid':
        this.values.uid = this.#number(key, value, MAX_ID)
        return
      case 'gid':
        this.values.gid = this.#number(key, value, MAX_ID)
        return
      case 'uname':
        this.values.userName = value.toString()
        return
      case 'gname':
        this.values.groupName = value.toString()
        return
      case 'mtime': {
        const time = parseTime(value.toString('latin1'))
        if (time === undefined) throw this.#corrupt(key, 'is no time')
        this.values.mtimeNs = time
      }
    }
    // others change nothing of what is done here
  }

  #sparse(key: string, value: Buffer): void {
    const text = value.toString('latin1')
    const sparse = (this.values.sparse ??= { version: '0.0', numbers: [] })
    if (key === 'major' || key === 'minor') {
      if (text !== (key === 'major' ? '1' : '0'))
        throw this.#corrupt(key, 'is a version not read here')
      sparse.version = '1.0'
    } else if (key === 'name') this.values.path = this.#path(key, value)
    else if (key === 'size' || key === 'realsize')
      sparse.realSize = this.#number(key, value, Number.MAX_SAFE_INTEGER)
    else if (key === 'numblocks') this.#number(key, value, Number.MAX_SAFE_INTEGER)
    else if (key === 'map') {
      sparse.version = '0.1'
      sparse.map = text
    } else if (
      (key === 'offset' || key === 'numbytes') &&
      (key === 'offset') === (sparse.numbers.length % 2 === 0)
    )
      sparse.numbers.push(text)
    else throw this.#corrupt(`GNU.sparse.${key}`, 'is not where it belongs')
  }

  #xattr(name: string, value: Buffer): void {
    this.#xattrBytes += name.length + value.length
    if (this.#xattrBytes > this.#limits.xattrBytes) {
      const why = `its attributes have more than ${this.#limits.xattrBytes} bytes`
      throw archiveError('ERR_ARCHIVE_LIMIT', this.#offset, undefined, why)
    }
    this.values.xattrs.set(name, value)
  }

  #path(key: string, value: Buffer): Buffer {
    if (value.includes(0)) throw this.#corrupt(key, 'holds a NUL')
    return value
  }

  #number(key: string, value: Buffer, max: number): number {
    const text = value.toString('latin1')
    const number = Number(text)
    if (!/^\d{1,16}$/.test(text) || number > max)
      throw this.#corrupt(key, `is no number from 0 to ${max}`)
    return number
  }

  #corrupt(key: string, why: string): Error {
    return archiveError(
      'ERR_ARCHIVE_CORRUPT',
      this.#offset,
      undefined,
      `${key} in its extended header ${why}`,
    )
  }
}

/**
 * The meaning of records.
 * @throws CaissonError ERR_ARCHIVE_CORRUPT, ERR_ARCHIVE_LIMIT
 */
export function readPax(records: PaxRecords, offset: number, limits: TarLimits): PaxValues {
  const reader = new PaxReader(offset, limits)
  for (const [key, value] of records) reader.take(key, value)
  return reader.values
}
