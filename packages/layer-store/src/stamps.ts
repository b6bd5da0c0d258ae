import { createHash } from 'node:crypto'

/**
 * By what our copy of an entry is known again without reading it: no user can set the time of a file's last change, nor
 * choose its number.
 */
export interface Stamp {
  readonly ino: bigint
  readonly ctimeNs: bigint
}

const MAGIC = 'caissonstamps\0\0\x01'
const STAMP_BYTES = 16
const DIGEST_BYTES = 32
const HEAD_BYTES = MAGIC.length + DIGEST_BYTES
/** Nothing on the disk has it: of what is not there, or not as it should be. */
export const noStamp: Stamp = Object.freeze({ ino: 0n, ctimeNs: 0n })

function sealOf(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}

/** Stamps of a manifest's entries, in their order; the file ends with its own digest. */
export function formatStamps(manifestHex: string, stamps: readonly Stamp[]): Buffer {
  const bytes = Buffer.alloc(HEAD_BYTES + stamps.length * STAMP_BYTES)
  bytes.write(MAGIC, 'latin1')
  bytes.write(manifestHex, MAGIC.length, 'hex')
  for (const [index, { ino, ctimeNs }] of stamps.entries()) {
    const at = HEAD_BYTES + index * STAMP_BYTES
    bytes.writeBigUInt64LE(BigInt.asUintN(64, ino), at)
    bytes.writeBigInt64LE(BigInt.asIntN(64, ctimeNs), at + 8)
  }
  return Buffer.concat([bytes, sealOf(bytes)])
}

/** Undefined where they are not what was written for that manifest: then nothing is known of the copy. */
export function parseStamps(
  bytes: Buffer,
  manifestHex: string,
  count: number,
): readonly Stamp[] | undefined {
  const length = HEAD_BYTES + count * STAMP_BYTES
  if (bytes.length !== length + DIGEST_BYTES) return undefined
  const body = bytes.subarray(0, length)
  if (!sealOf(body).equals(bytes.subarray(length))) return undefined
  const head = Buffer.concat([Buffer.from(MAGIC, 'latin1'), Buffer.from(manifestHex, 'hex')])
  if (!body.subarray(0, HEAD_BYTES).equals(head)) return undefined
  return Array.from({ length: count }, (_, index) => {
    const at = HEAD_BYTES + index * STAMP_BYTES
    return { ino: body.readBigUInt64LE(at), ctimeNs: body.readBigInt64LE(at + 8) }
  })
}
