import { readFile } from 'node:fs/promises'
import type { Sight, WaitProbe } from './probe.js'

const listenState = '0A'
const everywhere = new Set(['0.0.0.0', '::'])

/** An address as /proc/net/tcp writes it: words of four bytes, each in the byte order of the machine. */
function addressOf(hex: string): string {
  const bytes = Buffer.from(hex, 'hex')
  const little = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1
  if (little) for (let at = 0; at < bytes.length; at += 4) bytes.subarray(at, at + 4).reverse()
  if (bytes.length === 4) return bytes.join('.')
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(i * 2).toString(16))
  // the parser of URLs writes IPv6 addresses in the one short form
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
}

/** Addresses at which something listens for that port, out of a /proc/net/tcp or tcp6. */
export function listeners(table: string, port: number): string[] {
  const found: string[] = []
  for (const line of table.split('\n').slice(1)) {
    const [, local = '', , state] = line.trim().split(/\s+/)
    const [address = '', portHex = ''] = local.split(':')
    if (state !== listenState || Number.parseInt(portHex, 16) !== port) continue
    found.push(addressOf(address))
  }
  return found
}

/**
 * A port that is listened at, as the kernel tells it of the network that this process is in.
 * @param host address, or undefined for any
 */
export function listeningProbe(pid: number, port: number, host: string | undefined): WaitProbe {
  const tables = ['tcp', 'tcp6'].map((name) => `/proc/${pid}/net/${name}`)
  return {
    subject: host === undefined ? `port ${port}` : `port ${port} at ${host}`,
    async look(): Promise<Sight> {
      // a kernel without IPv6 has no tcp6
      const read = tables.map(async (path) => readFile(path, 'latin1').catch(() => ''))
      const found = (await Promise.all(read)).flatMap((table) => listeners(table, port))
      if (found.some((address) => host === undefined || address === host)) return true
      if (found.some((address) => everywhere.has(address))) return true
      if (found.length > 0) return `it listens at ${found.join(', ')} only`
      return 'nothing listens there'
    },
  }
}
