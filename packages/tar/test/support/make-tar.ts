/** A header of an archive made by hand; whatever is not given is what a plain file has. */
export interface Header {
  readonly name: string | Buffer
  readonly type?: string
  readonly content?: string | Buffer
  readonly mode?: string
  readonly uid?: string
  readonly size?: string
  readonly mtime?: string
  readonly target?: string
  readonly major?: string
  readonly minor?: string
  /** Written as it is instead of the right sum. */
  readonly sum?: string
  readonly magic?: string
}

const blockBytes = 512

function padded(content: Buffer): Buffer {
  return Buffer.concat([
    content,
    Buffer.alloc((blockBytes - (content.length % blockBytes)) % blockBytes),
  ])
}

/** A header block and its content. */
export function tarEntry(header: Header): Buffer {
  const content = Buffer.from(header.content ?? '')
  const block = Buffer.alloc(blockBytes)
  const size = header.size ?? content.length.toString(8).padStart(11, '0')
  const fields: readonly (readonly [number, string | Buffer])[] = [
    [0, header.name],
    [100, header.mode ?? (header.type === '5' ? '0000755' : '0000644')],
    [108, header.uid ?? '0000000'],
    [116, '0000000'],
    [124, size],
    [136, header.mtime ?? '14524770400'],
    [148, '        '],
    [156, header.type ?? '0'],
    [157, header.target ?? ''],
    [257, header.magic ?? 'ustar\x0000'],
    [329, header.major ?? '0000000'],
    [337, header.minor ?? '0000000'],
  ]
  for (const [at, text] of fields) Buffer.from(text as string, 'latin1').copy(block, at)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(header.sum ?? `${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return Buffer.concat([block, padded(content)])
}

/** A record of an extended header: its own length, counted in, a blank, `key=value`, a newline. */
export function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`
  let length = rest.length + 1
  while (String(length).length + rest.length !== length) length++
  return `${length}${rest}`
}

/** An extended header of these records. */
export function paxHeader(records: Readonly<Record<string, string>>, type = 'x'): Buffer {
  const content = Object.entries(records)
    .map(([key, value]) => paxRecord(key, value))
    .join('')
  return tarEntry({ name: 'pax', type, content: Buffer.from(content, 'latin1') })
}

/** An archive of these entries, with its end mark. */
export function tarOf(...entries: readonly (Header | Buffer)[]): Buffer {
  const blocks = entries.map((one) => (Buffer.isBuffer(one) ? one : tarEntry(one)))
  return Buffer.concat([...blocks, Buffer.alloc(2 * blockBytes)])
}
