import { once } from 'node:events'
import { spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { expect } from 'chai'
import { FRAME_HEADER_BYTES, encodeRequest } from '../dist/codec.js'
import { launcherPath } from '../dist/launcher-path.js'

const MALFORMED = 114

const hello = encodeRequest('hello', {
  version: 0,
  userns: 0,
  setgroups: 0,
  oneId: 1,
  oneUid: 1,
  oneGid: 1,
  uidMap: '0 0 1',
  gidMap: '0 0 1',
})
const body = hello.subarray(FRAME_HEADER_BYTES)

/** The frame with another body, whose length its header has. */
function framed(changed: Buffer): Buffer {
  const header = Buffer.from(hello.subarray(0, FRAME_HEADER_BYTES))
  header.writeUInt32LE(changed.length, 0)
  return Buffer.concat([header, changed])
}

/** Exit code of a launcher that is told this, and then nothing more. */
async function exitAfter(frame: Buffer): Promise<number | null> {
  const child = spawn(launcherPath(), [], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    env: {},
  })
  const control = child.stdio[3] as unknown as Socket // a pipe of Node's is a socket
  control.on('error', () => {}).end(frame)
  control.resume()
  const [code] = (await once(child, 'exit')) as [number | null]
  return code
}

describe('a frame of another length than it says', function () {
  this.timeout(30_000)

  it('ends the launcher by its own exit code, at whatever byte it is cut or prolonged', async () => {
    expect(await exitAfter(hello)).not.to.equal(MALFORMED)
    for (let size = 0; size < body.length; size++)
      expect(await exitAfter(framed(body.subarray(0, size))), `${size} bytes`).to.equal(MALFORMED)
    expect(await exitAfter(framed(Buffer.concat([body, Buffer.of(0)])))).to.equal(MALFORMED)
  })

  it('ends it so too where a text is longer than what is left, or has a NUL in it', async () => {
    const text = body.lastIndexOf('0 0 1')
    for (const length of [4, 6, 7, 0x7fffffff, 0xfffffffe, 0xffffffff]) {
      const changed = Buffer.from(body)
      changed.writeUInt32LE(length, text - 4)
      expect(await exitAfter(framed(changed)), `length ${length}`).to.equal(MALFORMED)
    }
    const cut = Buffer.from(body)
    cut[text + 1] = 0
    expect(await exitAfter(framed(cut))).to.equal(MALFORMED)
  })
})
