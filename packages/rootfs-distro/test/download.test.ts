import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { download } from '../dist/download.js'
import { rejected } from './support/thrown.js'

type Handler = (request: IncomingMessage, response: ServerResponse, count: number) => void

const body = Buffer.from('some content of a mirror')
const wanted = { size: body.length, sha256: createHash('sha256').update(body).digest('hex') }

describe('download', () => {
  let server: Server
  let url: string
  let handler: Handler
  let count: number

  beforeEach(async () => {
    count = 0
    server = createServer((request, response) => handler(request, response, ++count))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    // a server that listens on a port has an address of this form
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/file`
  })

  afterEach(() => {
    server.closeAllConnections()
    server.close()
  })

  it('gives the bytes that were expected, and tells how far it is', async () => {
    handler = (_request, response) => response.end(body)
    const seen: number[] = []
    const found = await download({
      url,
      maxBytes: 1000,
      expect: wanted,
      onProgress: (n) => seen.push(n),
    })
    expect(found).to.deep.equal(body)
    expect(seen.at(-1)).to.equal(body.length)
  })

  it('gives nothing for what is not there, at the first try', async () => {
    handler = (_request, response) => response.writeHead(404).end()
    expect(await download({ url, maxBytes: 1000 })).to.equal(undefined)
    expect(count).to.equal(1)
  })

  it('waits no longer than it may for the beginning of an answer', async () => {
    handler = () => {}
    const error = await rejected(download({ url, maxBytes: 1000, answerMs: 50 }))
    expect(error.code).to.equal('ERR_MIRROR_UNREACHABLE')
    expect(count).to.equal(1)
  })

  it('tries no more when the time for an answer is over', async () => {
    handler = (_request, response) => response.writeHead(503).end()
    const error = await rejected(download({ url, maxBytes: 1000, answerMs: 1 }))
    expect(error.code).to.equal('ERR_MIRROR_UNREACHABLE')
    expect(count).to.be.lessThan(3)
  })

  it('takes its time with an answer that has begun', async () => {
    handler = (_request, response) => {
      response.writeHead(200)
      response.write(body.subarray(0, 4))
      setTimeout(() => response.end(body.subarray(4)), 400)
    }
    expect(await download({ url, maxBytes: 1000, answerMs: 300 })).to.deep.equal(body)
  })

  it('tries again after errors that may pass', async () => {
    handler = (request, response, n) => {
      if (n === 1) request.socket.destroy()
      else if (n === 2) response.writeHead(503).end()
      else response.end(body)
    }
    expect(await download({ url, maxBytes: 1000 })).to.deep.equal(body)
    expect(count).to.equal(3)
  })

  it('does not try again after a refusal', async () => {
    handler = (_request, response) => response.writeHead(403).end()
    const error = await rejected(download({ url, maxBytes: 1000 }))
    expect(error.code).to.equal('ERR_MIRROR_UNREACHABLE')
    expect(error.message).to.include('HTTP 403')
    expect(count).to.equal(1)
  })

  it('names the host that does not answer', async () => {
    const gone = new URL(url)
    server.close()
    await new Promise((resolve) => server.once('close', resolve))
    const error = await rejected(download({ url, maxBytes: 1000 }))
    expect(error.code).to.equal('ERR_MIRROR_UNREACHABLE')
    expect(error.message).to.include(gone.host).and.include('ECONNREFUSED')
  })

  it('refuses other bytes of the same number', async () => {
    handler = (_request, response) => response.end(Buffer.from(body).fill('x', 0, 1))
    const error = await rejected(download({ url, maxBytes: 1000, expect: wanted }))
    expect(error.code).to.equal('ERR_DIGEST_MISMATCH')
    expect(error.message).to.include(wanted.sha256)
  })

  it('refuses fewer bytes', async () => {
    handler = (_request, response) => response.end(body.subarray(1))
    const error = await rejected(download({ url, maxBytes: 1000, expect: wanted }))
    expect(error.code).to.equal('ERR_DIGEST_MISMATCH')
  })

  it('stops reading at more bytes than there may be', async () => {
    handler = (_request, response) => {
      const timer = setInterval(() => response.write(Buffer.alloc(65_536)), 1)
      response.on('close', () => clearInterval(timer))
    }
    const error = await rejected(download({ url, maxBytes: 1_000_000 }))
    expect(error.code).to.equal('ERR_DIGEST_MISMATCH')
  })

  it('gives up when its signal says so: before, during, and between tries', async () => {
    expect(
      (await rejected(download({ url, maxBytes: 1, signal: AbortSignal.abort() }))).code,
    ).to.equal('ERR_ABORTED')
    const during = new AbortController()
    handler = (_request, response) => {
      response.write('x')
      during.abort()
    }
    expect((await rejected(download({ url, maxBytes: 99, signal: during.signal }))).code).to.equal(
      'ERR_ABORTED',
    )
    const between = new AbortController()
    handler = (_request, response) => {
      response.writeHead(503).end()
      setImmediate(() => between.abort())
    }
    expect((await rejected(download({ url, maxBytes: 99, signal: between.signal }))).code).to.equal(
      'ERR_ABORTED',
    )
  })
})
