import { gzipSync } from 'node:zlib'

/** An entry of a small tar archive. */
export interface Entry {
  readonly path: string
  readonly content?: string | Uint8Array
  readonly mode?: number
  /** Of a link. */
  readonly target?: string
}

const time = 1_700_000_000

function octal(value: number, length: number): string {
  return `${value.toString(8).padStart(length - 1, '0')}\0`
}

function typeOf(entry: Entry): string {
  if (entry.target !== undefined) return '2'
  return entry.path.endsWith('/') ? '5' : '0'
}

function header(entry: Entry, size: number): Buffer {
  const type = typeOf(entry)
  const block = Buffer.alloc(512)
  const fields: readonly (readonly [number, string])[] = [
    [0, entry.path],
    [100, octal(entry.mode ?? (type === '5' ? 0o755 : 0o644), 8)],
    [108, octal(0, 8)],
    [116, octal(0, 8)],
    [124, octal(size, 12)],
    [136, octal(time, 12)],
    [148, ' '.repeat(8)],
    [156, type],
    [157, entry.target ?? ''],
    [257, 'ustar\x0000'],
  ]
  for (const [at, text] of fields) block.write(text, at, 'latin1')
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return block
}

function bytesOf({ content = '' }: Entry): Buffer {
  return typeof content === 'string' ? Buffer.from(content) : Buffer.from(content)
}

function tar(entries: readonly Entry[]): Buffer {
  const blocks = entries.flatMap((entry) => {
    const content = bytesOf(entry)
    const padding = Buffer.alloc((512 - (content.length % 512)) % 512)
    return [header(entry, content.length), content, padding]
  })
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}

function member(name: string, content: Buffer): Buffer {
  const fields =
    name.padEnd(16) + '0'.padEnd(12) + '0'.padEnd(6) + '0'.padEnd(6) + '100644'.padEnd(8)
  const head = Buffer.from(`${fields}${String(content.length).padEnd(10)}\`\n`, 'latin1')
  return Buffer.concat([head, content, Buffer.alloc(content.length % 2, '\n')])
}

/** A package of these files; `control` are the files of its control archive. */
export function makeDeb(files: readonly Entry[], control: readonly Entry[] = []): Buffer {
  return Buffer.concat([
    Buffer.from('!<arch>\n'),
    member('debian-binary', Buffer.from('2.0\n')),
    member('control.tar.gz', gzipSync(tar(control))),
    member('data.tar.gz', gzipSync(tar(files))),
  ])
}
