/** Output as the caller wants it. */
export type Output = string | Uint8Array

/** Bytes in the encoding asked for; broken UTF-8 becomes U+FFFD. */
export function decodeOutput(bytes: Uint8Array, encoding: 'utf8' | 'buffer'): Output {
  if (encoding === 'buffer') return bytes
  if (bytes.length === 0) return ''
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}
