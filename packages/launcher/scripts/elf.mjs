// Reads what the loader reads of an ELF file, so that a build can prove what it made without binutils.
import { readFileSync } from 'node:fs'

const PT_DYNAMIC = 2
const PT_INTERP = 3
const PT_LOAD = 1
const PT_GNU_STACK = 0x6474e551
const PT_GNU_RELRO = 0x6474e552
const DT_NEEDED = 1
const DT_TEXTREL = 22

/** Program headers of a 64-bit little-endian ELF file. Throws an Error that says what is wrong with any other. */
export function programHeaders(bytes) {
  if (bytes.length < 64 || bytes.readUInt32BE(0) !== 0x7f454c46) throw new Error('not an ELF file')
  if (bytes[4] !== 2 || bytes[5] !== 1) throw new Error('not a 64-bit little-endian ELF file')
  const start = Number(bytes.readBigUInt64LE(32))
  const size = bytes.readUInt16LE(54)
  const count = bytes.readUInt16LE(56)
  if (size < 56 || start + size * count > bytes.length)
    throw new Error('program headers lie outside')
  return Array.from({ length: count }, (_, i) => {
    const at = start + i * size
    return {
      type: bytes.readUInt32LE(at),
      flags: bytes.readUInt32LE(at + 4),
      offset: Number(bytes.readBigUInt64LE(at + 8)),
      fileSize: Number(bytes.readBigUInt64LE(at + 32)),
    }
  })
}

function dynamicTags(bytes, header) {
  const tags = []
  const end = Math.min(header.offset + header.fileSize, bytes.length - 15)
  for (let at = header.offset; at < end; at += 16) tags.push(Number(bytes.readBigInt64LE(at)))
  return tags
}

/** What the file is, in the terms that matter for a program started as root. */
export function inspectElf(path) {
  const bytes = readFileSync(path)
  const headers = programHeaders(bytes)
  const tags = headers.filter((h) => h.type === PT_DYNAMIC).flatMap((h) => dynamicTags(bytes, h))
  const stack = headers.find((h) => h.type === PT_GNU_STACK)
  return {
    interpreter: headers.some((h) => h.type === PT_INTERP),
    libraries: tags.includes(DT_NEEDED),
    textRelocations: tags.includes(DT_TEXTREL),
    executableStack: stack === undefined || (stack.flags & 1) === 1,
    writableCode: headers.some((h) => h.type === PT_LOAD && (h.flags & 3) === 3),
    relro: headers.some((h) => h.type === PT_GNU_RELRO),
    pie: bytes.readUInt16LE(16) === 3,
  }
}

/** Why the file must not be used as the launcher; empty when it may. */
export function faultsOf(elf) {
  const faults = []
  if (elf.interpreter) faults.push('it names an interpreter (PT_INTERP): it is not static')
  if (elf.libraries) faults.push('it needs shared libraries (DT_NEEDED)')
  if (elf.textRelocations) faults.push('its code is relocated at start (DT_TEXTREL)')
  if (elf.executableStack) faults.push('its stack is executable')
  if (elf.writableCode) faults.push('a segment is writable and executable')
  if (!elf.relro) faults.push('what is relocated at start stays writable (no PT_GNU_RELRO)')
  return faults
}
