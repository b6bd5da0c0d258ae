import { randomFillSync } from 'node:crypto'

const idBytes = 16
const pool = Buffer.alloc(idBytes * 256)
let at = pool.length

/** A container's id: 128 random bits, as 32 hexadecimal digits. */
export function newId(): string {
  if (at === pool.length) {
    // one call of the system for many ids
    randomFillSync(pool)
    at = 0
  }
  at += idBytes
  return pool.toString('hex', at - idBytes, at)
}
