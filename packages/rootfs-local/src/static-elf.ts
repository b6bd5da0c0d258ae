import type { FileHandle } from 'node:fs/promises'

/** What a file is to someone who wants to run it where no library is. */
export type Linkage = 'static' | 'dynamic' | 'not-elf'

const PT_INTERP = 3
const PHDR_BYTES = { 1: 32, 2: 56 } as const
/** More program headers than any linker makes: a forged count must not cost memory. */
const MAX_HEADERS = 1024

function isElf(header: Buffer): boolean {
  return header.length === 64 && header.readUInt32BE(0) === 0x7f454c46
}

/** Reads the program headers of an open file and says whether it asks for an interpreter. */
export async function readLinkage(file: FileHandle): Promise<Linkage> {
  const header = Buffer.alloc(64)
  const { bytesRead } = await file.read(header, 0, 64, 0)
  if (bytesRead < 64 || !isElf(header)) return 'not-elf'
  const elfClass = header[4]
  const littleEndian = header[5] === 1
  if ((elfClass !== 1 && elfClass !== 2) || !littleEndian) return 'not-elf'
  const wide = elfClass === 2
  const offset = wide ? Number(header.readBigUInt64LE(32)) : header.readUInt32LE(28)
  const entryBytes = header.readUInt16LE(wide ? 54 : 42)
  const count = header.readUInt16LE(wide ? 56 : 44)
  if (entryBytes < PHDR_BYTES[elfClass] || count === 0 || count > MAX_HEADERS) return 'not-elf'
  const table = Buffer.alloc(entryBytes * count)
  const read = await file.read(table, 0, table.length, offset)
  if (read.bytesRead < table.length) return 'not-elf'
  for (let at = 0; at < table.length; at += entryBytes) {
    if (table.readUInt32LE(at) === PT_INTERP) return 'dynamic'
  }
  return 'static'
}
