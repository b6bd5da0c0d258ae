import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import {
  createEngine,
  isCaissonError,
  type CaissonError,
  type PresetEngine,
  type DefaultLimits,
} from 'caisson'

/** Time enough for one look on a loaded machine, which is what these errors tell of. */
const LOOK = 2500

async function failure(work: Promise<unknown>): Promise<CaissonError> {
  const error: unknown = await work.then(
    () => 'nothing was thrown',
    (reason: unknown) => reason,
  )
  if (!isCaissonError(error)) throw new Error(`not an error of ours: ${String(error)}`)
  return error
}

async function serve(): Promise<{ server: Server; port: number }> {
  const server = createServer((request, response) => {
    response.statusCode = request.url === '/ready' ? 204 : 503
    response.end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { server, port: address.port }
}

describe('container.waitFor', function () {
  this.timeout(30_000)
  let engine: PresetEngine<DefaultLimits>
  let container: Awaited<ReturnType<PresetEngine<DefaultLimits>['create']>>

  before(async () => {
    engine = await createEngine()
  })

  after(async () => {
    await engine[Symbol.asyncDispose]()
  })

  beforeEach(async () => {
    container = await engine.create({ from: 'busybox:' })
  })

  afterEach(async () => {
    await container.remove()
  })

  describe('a port', () => {
    it('comes when something in the container listens, and is not connected to', async () => {
      // with its input open: at the end of it, it would hang up
      const server = container.sh('sleep 0.2; nc -l -p 8080', { stdin: 'pipe' })
      await container.waitFor({ port: 8080 })
      // nc takes one client: it would be gone
      const { ok } = await container.sh('echo hello | nc 127.0.0.1 8080')
      expect(ok).to.equal(true)
      expect((await server).stdout).to.equal('hello\n')
    })

    it('comes at an address, or at all of them', async () => {
      container.sh('httpd -f -p 127.0.0.1:8080').catch(() => {})
      await container.waitFor({ port: 8080, host: '127.0.0.1' })
      const error = await failure(
        container.waitFor({ port: 8080, host: '127.0.0.2' }, { timeout: LOOK }),
      )
      expect(error.code).to.equal('ERR_WAIT_TIMEOUT')
      expect(error.message).to.include('listens at 127.0.0.1 only')
      container.sh('httpd -f -p 8081').catch(() => {})
      await container.waitFor({ port: 8081, host: '127.0.0.2' })
    })

    it('comes at an IPv6 address, written in any form', async () => {
      container.sh('httpd -f -p [::1]:8080').catch(() => {})
      await container.waitFor({ port: 8080, host: '0:0:0:0:0:0:0:1' }, { timeout: '30s' })
      const error = await failure(container.waitFor({ port: 8080, host: '::2' }, { timeout: LOOK }))
      expect(error.message).to.include('listens at ::1 only')
    })

    it('of another container or of the host does not count', async () => {
      const other = await engine.create({ from: 'busybox:' })
      other.sh('nc -l -p 8080').catch(() => {})
      await other.waitFor({ port: 8080 })
      const { server, port } = await serve()
      for (const elsewhere of [8080, port]) {
        const error = await failure(container.waitFor({ port: elsewhere }, { timeout: LOOK }))
        expect(error.code).to.equal('ERR_WAIT_TIMEOUT')
        expect(error.message).to.include(`port ${elsewhere}`).and.to.include('nothing listens')
      }
      server.close()
      await other.remove()
    })

    it('of the host is seen by a container in its network', async () => {
      const { server, port } = await serve()
      const inside = await engine.create({ from: 'busybox:', network: 'host' })
      await inside.waitFor({ port, host: '127.0.0.1' })
      await inside.remove()
      server.close()
    })
  })

  describe('a line', () => {
    it('comes from either stream, and the command runs on', async () => {
      const exec = container.sh('echo one; sleep 0.1; echo ready on 8080 >&2; cat', {
        stdin: 'pipe',
      })
      await container.waitFor({ log: /ready on \d+/, of: exec })
      exec.stdin.end('more')
      const { stdout, stderr } = await exec
      expect([stdout, stderr]).to.deep.equal(['one\nmore', 'ready on 8080\n'])
    })

    it('comes in pieces, and without its end', async () => {
      const exec = container.sh("printf 'pass'; sleep 0.1; printf 'word: '; sleep 1000")
      await container.waitFor({ log: 'password: ', of: exec })
    })

    it('is found again by an expression that remembers where it was', async () => {
      const log = /up/g
      for (let round = 0; round < 2; round++) {
        await container.waitFor({ log, of: container.sh('echo up; sleep 1000') })
      }
    })

    it('does not come once the command has ended', async () => {
      const exec = container.sh('echo starting; exit 3')
      const error = await failure(container.waitFor({ log: 'ready', of: exec }))
      expect(error.code).to.equal('ERR_WAIT_FAILED')
      expect(error.message).to.include('exit code 3')
    })

    it('that does not come is an error that names the last one', async () => {
      const exec = container.sh('echo starting; sleep 1000')
      const error = await failure(container.waitFor({ log: 'ready', of: exec }, { timeout: LOOK }))
      expect(error.code).to.equal('ERR_WAIT_TIMEOUT')
      expect(error.message).to.include('ready').and.to.include('starting')
    })
  })

  describe('an answer', () => {
    it('comes from a container in the host’s network', async () => {
      const { server, port } = await serve()
      const inside = await engine.create({ from: 'busybox:', network: 'host' })
      const url = `http://127.0.0.1:${port}`
      await inside.waitFor({ http: `${url}/ready` })
      await inside.waitFor({ http: url, status: 503 })
      const error = await failure(inside.waitFor({ http: url }, { timeout: LOOK }))
      expect(error.message).to.include('status 503')
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
      const refused = await failure(inside.waitFor({ http: url }, { timeout: LOOK }))
      expect(refused.message).to.include('ECONNREFUSED')
      await inside.remove()
    })

    it('cannot come from a network of its own', async () => {
      const error = await failure(container.waitFor({ http: 'http://127.0.0.1/' }))
      expect([error.code, error.field]).to.deep.equal(['ERR_UNSUPPORTED', 'http'])
    })
  })

  describe('a command', () => {
    it('comes when it succeeds', async () => {
      const made = container.sh('sleep 0.2; touch /tmp/made')
      await container.waitFor({ cmd: ['test', '-e', '/tmp/made'] })
      expect((await made).ok).to.equal(true)
    })

    it('that never succeeds is an error that says how it failed', async () => {
      const error = await failure(container.waitFor({ cmd: ['false'] }, { timeout: LOOK }))
      expect(error.code).to.equal('ERR_WAIT_TIMEOUT')
      expect(error.message).to.include('exit code 1')
    })

    it('that hangs is killed when the time is up', async () => {
      const error = await failure(container.waitFor({ cmd: ['sleep', '4321'] }, { timeout: 100 }))
      expect(error.code).to.equal('ERR_WAIT_TIMEOUT')
      expect((await container.sh('ps')).stdout).not.to.include('4321')
    })
  })

  it('ends with its signal, with the container, and not at all after that', async () => {
    const controller = new AbortController()
    const given = failure(container.waitFor({ port: 1 }, { signal: controller.signal }))
    controller.abort(new Error('enough'))
    const error = await given
    expect([error.code, String(error.cause)]).to.deep.equal(['ERR_ABORTED', 'Error: enough'])
    const waiting = failure(container.waitFor({ port: 1 }))
    await sleep(20)
    await container.stop()
    expect((await waiting).code).to.equal('ERR_WAIT_FAILED')
    expect((await failure(container.waitFor({ port: 1 }))).code).to.equal('ERR_CONTAINER_STATE')
  })

  const refused: readonly (readonly [string, unknown, string])[] = [
    ['nothing', {}, 'target'],
    ['two things', { port: 1, file: '/x' }, 'target'],
    ['port 0', { port: 0 }, 'port'],
    ['a port that is text', { port: '80' }, 'port'],
    ['a host name', { port: 1, host: 'localhost' }, 'host'],
    ['a relative file', { file: 'x' }, 'file'],
    ['a URL of files', { http: 'file:///etc/passwd' }, 'http'],
    ['no command', { cmd: [] }, 'argv'],
    ['a line of nothing', { log: 'x' }, 'of'],
    ['an unknown field', { port: 1, prot: 'udp' }, 'prot'],
  ]
  for (const [title, target, field] of refused) {
    it(`refuses ${title}`, async () => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as a caller without types would
      const error = await failure(container.waitFor(target as never))
      expect([error.code, error.field]).to.deep.equal(['ERR_INVALID_SPEC', field])
    })
  }
})
