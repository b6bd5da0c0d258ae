import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import {
  isCaissonError,
  markProcess,
  parseContainerSpec,
  type ProcessMark,
} from '../../dist/index.js'
import type { ContainerRecord } from '../../dist/records/container-record.js'
import { RecordStore } from '../../dist/records/record-store.js'

const context = { from: 'dir:/srv', declaredLimits: new Set<string>() }
const dead: ProcessMark = { pid: process.pid, startTime: '1', bootId: 'other', pidNamespace: 1 }

function makeRecord(id: string, owner: ProcessMark | undefined): ContainerRecord {
  if (owner === undefined) throw new Error('these tests need /proc')
  const seccomp = { bpf: Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8]) }
  return {
    id,
    createdMs: 1,
    isolation: 'some',
    timeoutMs: undefined,
    maxLogBytes: 4096,
    spec: parseContainerSpec({ labels: { a: 'b' }, seccomp }, context).container,
    root: {
      key: 'k',
      parts: [{ at: '/', lowers: ['/srv'] }],
      extras: [],
      masked: [],
      copyOnWrite: true,
    },
    amendment: { process: [{ op: 'rlimit', resource: 6, soft: 2n ** 64n - 1n, hard: 5n }] },
    enforced: ['processes'],
    degraded: [],
    holder: {
      owner,
      identity: {
        mode: 'root',
        rootUid: 1,
        rootGid: 1,
        idCount: 65536,
        setgroups: true,
        degraded: [],
      },
      pid: 42,
    },
  }
}

function codeOf(act: () => unknown): unknown {
  try {
    act()
  } catch (error) {
    return isCaissonError(error) ? error.code : error
  }
  return 'no error'
}

describe('RecordStore', () => {
  const id = 'a'.repeat(32)
  let stateDir: string
  let store: RecordStore

  beforeEach(() => {
    stateDir = mkdtempSync(join(tmpdir(), 'caisson-records-'))
    store = new RecordStore(stateDir)
  })

  afterEach(() => rmSync(stateDir, { recursive: true }))

  it('gives back what was published, bytes and big numbers included', () => {
    const record = makeRecord(id, markProcess(process.pid))
    store.publish(record)
    const read = store.read(id)
    expect({ ...read, spec: { ...read.spec, seccomp: undefined } }).to.deep.equal({
      ...record,
      spec: { ...record.spec, seccomp: undefined },
    })
    expect(read.spec.seccomp).to.deep.equal({ bpf: Buffer.from([1, 2, 3, 4, 5, 6, 7, 8]) })
    expect(readdirSync(join(stateDir, 'containers'))).to.deep.equal([id])
  })

  it('knows no container that is not there, nor an id that is a path', () => {
    for (const name of [id, '../containers', '', '.', 'x'.repeat(5000)])
      expect(codeOf(() => store.read(name))).to.equal('ERR_CONTAINER_NOT_FOUND')
  })

  describe('refuses a record that', () => {
    const breaks: readonly (readonly [string, (file: string) => void])[] = [
      ['is truncated', (file) => truncateSync(file, 200)],
      ['is empty', (file) => truncateSync(file, 0)],
      ['is garbage', (file) => writeFileSync(file, Buffer.from([0, 255, 254, 123]))],
      [
        'lacks its owner',
        (file) => writeFileSync(file, readFileSync(file, 'utf8').replace('"owner"', '"other"')),
      ],
      [
        'is of another container',
        (file) => writeFileSync(file, readFileSync(file, 'utf8').replace(id, 'b'.repeat(32))),
      ],
      [
        'is of another version',
        (file) =>
          writeFileSync(file, readFileSync(file, 'utf8').replace('"version": 1', '"version": 2')),
      ],
      ['is missing', (file) => rmSync(file)],
      [
        'is a link to a good one',
        (file) => {
          renameSync(file, `${file}.real`)
          symlinkSync(`${file}.real`, file)
        },
      ],
      ['is too long', (file) => truncateSync(file, 5 * 1024 * 1024)],
    ]
    for (const [title, damage] of breaks) {
      it(title, () => {
        store.publish(makeRecord(id, markProcess(process.pid)))
        damage(join(store.directoryOf(id), 'record.json'))
        expect(codeOf(() => store.read(id))).to.equal('ERR_RECORD')
      })
    }

    it('lies behind a link', () => {
      store.publish(makeRecord(id, markProcess(process.pid)))
      renameSync(store.directoryOf(id), join(stateDir, 'elsewhere'))
      symlinkSync(join(stateDir, 'elsewhere'), store.directoryOf(id))
      expect(codeOf(() => store.read(id))).to.equal('ERR_RECORD')
    })

    it('belongs to somebody else', function () {
      if (process.getuid?.() !== 0) {
        console.log('        skipped: to give files away takes root')
        this.skip()
      }
      store.publish(makeRecord(id, markProcess(process.pid)))
      chownSync(join(store.directoryOf(id), 'record.json'), 54_321, 54_321)
      expect(codeOf(() => store.read(id))).to.equal('ERR_RECORD')
      chownSync(store.directoryOf(id), 54_321, 54_321)
      expect(codeOf(() => store.read(id))).to.equal('ERR_RECORD')
    })
  })

  it('uses no directory in which others could write', () => {
    chmodSync(stateDir, 0o755)
    expect(codeOf(() => store.ids())).to.equal('ERR_STATE_DIR')
    expect(codeOf(() => store.publish(makeRecord(id, dead)))).to.equal('ERR_STATE_DIR')
    rmSync(stateDir, { recursive: true })
    symlinkSync(tmpdir(), stateDir)
    expect(codeOf(() => store.ids())).to.equal('ERR_STATE_DIR')
    rmSync(stateDir)
    writeFileSync(stateDir, '')
    expect(codeOf(() => store.publish(makeRecord(id, dead)))).to.equal('ERR_STATE_DIR')
  })

  it('makes its directories for this user alone', () => {
    const deep = join(stateDir, 'x/y')
    new RecordStore(deep).publish(makeRecord(id, dead))
    expect(new RecordStore(deep).ids()).to.deep.equal([id])
  })

  describe('sweep', () => {
    it('removes what has no living owner, and nothing else', async () => {
      const [living, lost] = ['1'.repeat(32), '2'.repeat(32)]
      store.publish(makeRecord(living, markProcess(process.pid)))
      store.publish(makeRecord(lost, dead))
      const { containers, bytes } = await store.sweep(0)
      expect(containers).to.equal(1)
      expect(bytes).to.be.greaterThan(0)
      expect(store.ids()).to.deep.equal([living])
    })

    it('removes what a dead process was making or taking away, and leaves what a living one is', async () => {
      store.publish(makeRecord(id, markProcess(process.pid)))
      const containers = join(stateDir, 'containers')
      const mark = markProcess(process.pid)
      const nonce = '0'.repeat(12)
      const mine = `.new.${mark?.pid}.${mark?.startTime}.${mark?.bootId}.${mark?.pidNamespace}.${nonce}`
      const orphans = ['new', 'old'].map(
        (kind) => `.${kind}.${mark?.pid}.1.${mark?.bootId}.${mark?.pidNamespace}.${nonce}`,
      )
      for (const name of [mine, ...orphans]) mkdirSync(join(containers, name), { mode: 0o700 })
      expect((await store.sweep(0)).containers).to.equal(0)
      expect(readdirSync(containers)).to.have.members([id, mine])
    })

    it('leaves links and what it did not make', async () => {
      store.publish(makeRecord(id, markProcess(process.pid)))
      const containers = join(stateDir, 'containers')
      symlinkSync(stateDir, join(containers, 'c'.repeat(32)))
      mkdirSync(join(containers, 'notes'), { mode: 0o700 })
      await store.sweep(0)
      expect(readdirSync(containers)).to.have.members([id, 'c'.repeat(32), 'notes'])
    })

    it('removes a broken record only when nobody answers at its socket', async () => {
      store.publish(makeRecord(id, markProcess(process.pid)))
      const directory = store.directoryOf(id)
      writeFileSync(join(directory, 'record.json'), 'x')
      const server = createServer().listen(join(directory, 'socket'))
      await once(server, 'listening')
      expect((await store.sweep(0)).containers).to.equal(0)
      server.close()
      await once(server, 'close')
      expect((await store.sweep(0)).containers).to.equal(1)
    })

    it('leaves what is younger than it was told', async () => {
      store.publish(makeRecord(id, dead))
      expect((await store.sweep(60_000)).containers).to.equal(0)
      const past = Date.now() / 1000 - 120
      utimesSync(store.directoryOf(id), past, past)
      expect((await store.sweep(60_000)).containers).to.equal(1)
    })

    it('removes claims of ids whose process is dead', async () => {
      store.publish(makeRecord(id, dead))
      const ids = join(stateDir, 'ids')
      mkdirSync(ids, { mode: 0o700 })
      const mark = markProcess(process.pid)
      const claim = (start: string) => `65536.${mark?.pid}.${start}.${mark?.pidNamespace}.00aa`
      for (const name of [claim('1'), claim(mark?.startTime ?? ''), 'other'])
        writeFileSync(join(ids, name), '')
      await store.sweep(0)
      expect(readdirSync(ids)).to.have.members([claim(mark?.startTime ?? ''), 'other'])
    })

    it('finds nothing where nothing ever was', async () => {
      expect(await new RecordStore(join(stateDir, 'none')).sweep(0)).to.deep.equal({
        containers: 0,
        bytes: 0,
      })
    })
  })
})
