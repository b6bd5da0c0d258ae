import { expect } from 'chai'
import {
  FRAME_HEADER_BYTES,
  MalformedFrame,
  decodeFields,
  decodeReply,
  encodeFrame,
  encodeRequest,
} from '../dist/codec.js'
import { replyTable, requestTable } from '../dist/protocol.generated.js'
import { randomFields } from './random-fields.js'
import { SeededRandom } from './seeded-random.js'

const body = (frame: Buffer) => frame.subarray(FRAME_HEADER_BYTES)
const tables = Object.entries({ ...replyTable, ...requestTable })

describe('codec', () => {
  it('reads back every frame of the protocol as it was written', () => {
    const random = new SeededRandom(1)
    for (const [name, { type, fields }] of tables) {
      for (let round = 0; round < 50; round++) {
        const values = randomFields(fields, random)
        const frame = encodeFrame(type, fields, values)
        expect(frame.readUInt32LE(0), name).to.equal(frame.length - FRAME_HEADER_BYTES)
        expect(frame.readUInt32LE(4), name).to.equal(type)
        expect(decodeFields(fields, body(frame)), name).to.deep.equal(values)
      }
    }
  })

  it('lays a request out as docs/architecture.md says', () => {
    const frame = encodeRequest('changes', {
      container: 7,
      exec: 8,
      index: 1,
      lowers: ['l/0', 'é'],
      since: 's',
    })
    const fields = Buffer.from(
      '0700000008000000010000000200000003000000 6c2f3000 02000000 c3a900 01000000 7300'.replaceAll(
        ' ',
        '',
      ),
      'hex',
    )
    expect(frame.toString('hex')).to.equal(
      Buffer.concat([Buffer.from([fields.length, 0, 0, 0, 12, 0, 0, 0]), fields]).toString('hex'),
    )
  })

  it('names the reply it decodes', () => {
    const { type, fields } = replyTable.gone
    const reply = decodeReply(type, body(encodeFrame(type, fields, { container: 3, status: 9 })))
    expect(reply).to.deep.equal({ name: 'gone', container: 3, status: 9 })
  })

  it('keeps the kind of a failure apart from the name of the reply', () => {
    const failure = { kind: 4, id: 1, step: 2, op: 41, errno: 2, syscall: 'execve', subject: '/x' }
    const { type, fields } = replyTable.failed
    expect(decodeReply(type, body(encodeFrame(type, fields, failure)))).to.deep.equal({
      name: 'failed',
      ...failure,
    })
  })

  it('refuses every truncation of every frame', () => {
    const random = new SeededRandom(2)
    for (const [name, { type, fields }] of tables) {
      const whole = body(encodeFrame(type, fields, randomFields(fields, random)))
      for (let length = 0; length < whole.length; length++) {
        const cut = () => decodeFields(fields, whole.subarray(0, length))
        expect(cut, `${name} cut to ${length}`).to.throw(MalformedFrame)
      }
    }
  })

  it('refuses a byte too many and a reply of no type', () => {
    const { type, fields } = replyTable.built
    const long = Buffer.concat([body(encodeFrame(type, fields, { id: 1 })), Buffer.alloc(1)])
    expect(() => decodeReply(type, long)).to.throw(MalformedFrame, '1 bytes too many')
    expect(() => decodeReply(99, Buffer.alloc(0))).to.throw(MalformedFrame, '99')
  })

  it('answers random bytes with a reply or MalformedFrame and nothing else', () => {
    const random = new SeededRandom(3)
    let refused = 0
    for (let round = 0; round < 20_000; round++) {
      try {
        decodeReply(1 + random.below(8), random.bytes(random.below(80)))
      } catch (error) {
        expect(error).to.be.instanceOf(MalformedFrame)
        refused++
      }
    }
    expect(refused).to.be.greaterThan(15_000)
  })

  it('does not believe the length of a list', () => {
    const huge = Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0])
    expect(() => decodeFields([['all', 'strs']], huge)).to.throw(MalformedFrame)
  })
})
