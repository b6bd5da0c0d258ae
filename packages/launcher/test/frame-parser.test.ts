import { expect } from 'chai'
import { FRAME_HEADER_BYTES, MalformedFrame } from '../dist/codec.js'
import { FrameParser } from '../dist/frame-parser.js'
import { SeededRandom } from './seeded-random.js'

function frame(type: number, body: Buffer): Buffer {
  const header = Buffer.alloc(FRAME_HEADER_BYTES)
  header.writeUInt32LE(body.length, 0)
  header.writeUInt32LE(type, 4)
  return Buffer.concat([header, body])
}

describe('FrameParser', () => {
  it('hands out the same frames however the stream is cut', () => {
    const random = new SeededRandom(4)
    for (let round = 0; round < 300; round++) {
      const sent = Array.from({ length: 1 + random.below(8) }, (_, type) => ({
        type,
        body: random.bytes(random.below(4) === 0 ? 0 : random.below(300)),
      }))
      const stream = Buffer.concat(sent.map((f) => frame(f.type, f.body)))
      const got: { type: number; body: Buffer }[] = []
      const parser = new FrameParser(1024, (type, body) =>
        got.push({ type, body: Buffer.from(body) }),
      )
      for (let at = 0; at < stream.length;) {
        const end = at + 1 + random.below(round % 2 === 0 ? 3 : 200)
        parser.push(Buffer.from(stream.subarray(at, end)))
        at = end
      }
      expect(got).to.deep.equal(sent)
    }
  })

  it('collects a frame of 32 MiB that comes in small chunks', () => {
    const body = Buffer.alloc(32 * 1024 * 1024, 'caisson')
    const stream = frame(7, body)
    let got: Buffer | undefined
    const parser = new FrameParser(1024, (_type, whole) => {
      got = whole
    })
    parser.allow(body.length)
    for (let at = 0; at < stream.length; at += 65_536) parser.push(stream.subarray(at, at + 65_536))
    expect(got?.equals(body)).to.equal(true)
  })

  it('refuses a length beyond what was allowed, whole or cut', () => {
    for (const cut of [8, 3]) {
      const parser = new FrameParser(100, () => {})
      const stream = frame(1, Buffer.alloc(101))
      expect(() => {
        parser.push(stream.subarray(0, cut))
        parser.push(stream.subarray(cut))
      }).to.throw(MalformedFrame, '101')
    }
  })
})
