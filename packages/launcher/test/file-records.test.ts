import { constants } from 'node:fs'
import { expect } from 'chai'
import { MalformedFrame } from '../dist/codec.js'
import {
  openFlags,
  parseEntries,
  parseEvents,
  parseFound,
  setFields,
} from '../dist/files/file-records.js'
import { FileSlots } from '../dist/files/file-slots.js'

function entry(name: string): Buffer {
  const bytes = Buffer.alloc(68 + name.length)
  bytes.writeUInt32LE(0o100644, 0)
  bytes.writeBigUInt64LE(7n, 16)
  bytes.writeBigInt64LE(-1n, 48)
  bytes.writeUInt32LE(name.length, 64)
  bytes.write(name, 68)
  return bytes
}

function event(watch: number, mask: number, cookie: number, name: string): Buffer {
  const bytes = Buffer.alloc(16 + (name === '' ? 0 : 16))
  bytes.writeInt32LE(watch, 0)
  bytes.writeUInt32LE(mask >>> 0, 4)
  bytes.writeUInt32LE(cookie, 8)
  bytes.writeUInt32LE(bytes.length - 16, 12)
  bytes.write(name, 16)
  return bytes
}

describe('parseEntries', () => {
  it('reads entries one after another', () => {
    const entries = parseEntries(Buffer.concat([entry('one'), entry('...')]))
    expect(entries.map(({ name }) => String(name))).to.deep.equal(['one', '...'])
    expect(entries[0]?.status).to.include({ mode: 0o100644, size: 7, mtimeNs: -1n })
  })

  for (const name of ['', '.', '..', '../up', 'a/b', '/'])
    it(`refuses ${JSON.stringify(name)}: nobody may join it to a path`, () => {
      expect(() => parseEntries(entry(name))).to.throw(MalformedFrame)
    })

  it('refuses a name that reaches past the end', () => {
    expect(() => parseEntries(entry('name').subarray(0, -1))).to.throw(MalformedFrame)
    expect(() => parseEntries(entry('name').subarray(0, 40))).to.throw(MalformedFrame)
  })
})

describe('parseEvents', () => {
  it('tells kinds, directories and the halves of a rename', () => {
    const bytes = Buffer.concat([
      event(1, 0x40000100, 0, 'made'),
      event(1, 0x40, 9, 'before'),
      event(2, 0x80, 9, 'after'),
      event(2, 0x8000, 0, ''),
      event(-1, 0x4000, 0, ''),
    ])
    expect(
      parseEvents(bytes).map(({ watch, kind, directory, cookie, name }) =>
        [watch, kind, directory, cookie, String(name)].join(),
      ),
    ).to.deep.equal([
      '1,create,true,0,made',
      '1,from,false,9,before',
      '2,to,false,9,after',
      '2,ended,false,0,',
      '-1,overflow,false,0,',
    ])
  })
})

describe('openFlags', () => {
  it('are those of open(2)', () => {
    expect(
      openFlags({ access: 'write', create: 0o600, exclusive: true, follow: false }),
    ).to.deep.equal({
      flags: constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
      mode: 0o600,
    })
  })
})

describe('setFields', () => {
  it('name what changes, and nothing else', () => {
    expect(setFields({})).to.include({ mask: 0 })
    expect(setFields({ mode: 0, size: 0 })).to.include({ mask: 9, mode: 0, size: 0n })
    expect(setFields({ times: { atimeNs: -1n, mtimeNs: 1n } })).to.include({
      mask: 4,
      atimeNs: 2n ** 64n - 1n,
      mtimeNs: 1n,
    })
  })
})

describe('FileSlots', () => {
  it('lets who comes when all are taken wait in turn', async () => {
    const slots = new FileSlots(1)
    expect(slots.take()).to.equal(0)
    const order: string[] = []
    const first = Promise.resolve(slots.take()).then(() => order.push('first'))
    const second = Promise.resolve(slots.take()).then(() => order.push('second'))
    slots.give(0)
    await first
    slots.give(0)
    await second
    expect(order).to.deep.equal(['first', 'second'])
  })
})

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

function sized(text: string): Buffer {
  return Buffer.concat([u32(text.length), Buffer.from(text)])
}

describe('parseFound', () => {
  const fixed = Buffer.concat([entry('').subarray(0, 64), u32(8), u32(1), Buffer.alloc(8, 0)])
  const found = (xattrs: Buffer, content: string): Buffer =>
    Buffer.concat([fixed, sized(''), u32(xattrs.length), xattrs, Buffer.from(content)])

  it('reads device, attributes and content', () => {
    const { device, xattrs, content } = parseFound(
      found(Buffer.concat([sized('user.a'), sized('1'), sized('user.b'), sized('')]), 'content'),
      7,
    )
    expect(device).to.deep.equal({ major: 8, minor: 1 })
    expect([...xattrs].map(([name, value]) => `${name}=${String(value)}`)).to.deep.equal([
      'user.a=1',
      'user.b=',
    ])
    expect(String(content)).to.equal('content')
  })

  it('has no content for a file that is larger than was asked for', () => {
    expect(parseFound(found(Buffer.alloc(0), ''), 6).content).to.equal(undefined)
  })

  it('refuses whatever is cut off', () => {
    const whole = found(Buffer.concat([sized('user.a'), sized('1')]), '')
    for (let size = 0; size < whole.length; size++)
      expect(() => parseFound(whole.subarray(0, size), 0), `${size}`).to.throw(MalformedFrame)
  })
})
