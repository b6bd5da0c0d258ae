import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { expect } from 'chai'
import { createEngine, run, type Change, type PresetEngine, type DefaultLimits } from 'caisson'
import { checkout } from '../architecture/checkout.js'
import { expectNothingLeft, takeStock } from './leftovers.js'
import { rejection } from './rejection.js'

describe('the preset', function () {
  this.timeout(30_000)
  let engine: PresetEngine<DefaultLimits>

  before(async () => {
    engine = await createEngine()
  })

  after(async () => {
    await engine[Symbol.asyncDispose]()
  })

  it('says what it picked and why', () => {
    expect(engine.picked.isolation.name).to.equal('pivotroot')
    expect(engine.picked.summary).to.include('pivotroot')
    expect(engine.picked.passedOver).to.deep.equal([])
    expect(engine.picked.schemes).to.include.members(['dir', 'host'])
  })

  it('runs a command by one line, without an engine', async () => {
    const { stdout, ok } = await run(['echo', 'hi'])
    expect([stdout, ok]).to.deep.equal(['hi\n', true])
  })

  it('lets Node end by itself after that line', () => {
    const program = `import { run } from 'caisson'; console.log((await run(['echo', 'hi'])).stdout)`
    const args = ['--input-type=module', '--eval', program]
    const child = spawnSync(process.execPath, args, {
      cwd: checkout,
      encoding: 'utf8',
      timeout: 20_000,
    })
    expect([child.stdout, child.status, child.signal]).to.deep.equal(['hi\n\n', 0, null])
  })

  it('shows the system of the host, and changes nothing of it', async () => {
    const before = [
      statSync('/').mtimeMs,
      statSync('/etc').mtimeMs,
      readFileSync('/etc/passwd', 'utf8'),
    ]
    const script =
      'rm -rf /etc/passwd /etc/group; touch /new /etc/new; echo x > /etc/hostname; ls /'
    const { stdout } = await engine.run(['sh', '-c', script])
    expect(stdout.split('\n')).to.include.members(['new', 'usr', 'etc'])
    expect(existsSync('/new')).to.equal(false)
    const after = [
      statSync('/').mtimeMs,
      statSync('/etc').mtimeMs,
      readFileSync('/etc/passwd', 'utf8'),
    ]
    expect(after).to.deep.equal(before)
  })

  it('lists what a container changed', async () => {
    await using container = await engine.create()
    await container.sh('echo 12345 > /tmp/new; mkdir /made')
    const changes: Change[] = []
    for await (const change of container.changes()) changes.push(change)
    expect(changes).to.deep.include({ path: '/tmp/new', kind: 'added', type: 'file', size: 6 })
    expect(changes.map(({ path }) => path)).to.include('/made')
  })

  it('gives every container a root as new', async () => {
    await engine.run(['touch', '/tmp/first'])
    const { exitCode } = await engine.run(['ls', '/tmp/first'])
    expect(exitCode).to.equal(2)
  })

  it('limits processes to 512 when nothing else was asked for, and says so', async () => {
    const { stdout, enforced } = await engine.run([
      'sh',
      '-c',
      'ulimit -u 2>/dev/null || grep processes /proc/self/limits',
    ])
    expect(stdout).to.match(/512/)
    expect(enforced).to.include('processes')
  })

  it('ends an endless loop by its CPU time, and says so', async () => {
    const options = { limits: { cpuTime: '1s' }, timeout: '20s' } as const
    const { reason, usage, ok } = await engine.run(['sh', '-c', 'while :; do :; done'], options)
    expect([reason, ok]).to.deep.equal(['cpu-time', false])
    // The kernel holds a limit to the time its ticks have sampled, a busy host steals from them; use is measured exactly.
    expect(usage.cpuMs).to.be.within(700, 2500)
  })

  it('refuses what no driver enforces here by the exact field, before anything is touched', async () => {
    const { limits } = await engine.doctor()
    const before = takeStock()
    const asked = {
      'memory.low': { memory: { max: '64MiB', low: '1MiB' } },
      'io.weight': { io: { weight: 50 } },
      'memory.max': { memory: '64MiB' },
    } as const
    let refused = 0
    for (const [field, limit] of Object.entries(asked)) {
      const report = limits[field] ?? limits[field.split('.')[0] ?? '']
      if (report?.level !== 'unsupported') continue
      const error = await rejection(engine.run(['true'], { limits: limit }))
      expect(error.code).to.equal('ERR_UNSUPPORTED')
      // where nothing of it can be had, it is the limit itself
      expect(['limits', field].join('.')).to.satisfy((full: string) =>
        full.startsWith(error.field ?? 'none'),
      )
      // of what nobody declares at all, the error names who is there instead
      if (error.message.includes('declares it')) expect(report.why).to.include('declares it')
      else {
        expect(error.message).to.include(report.why)
        expect(error.fix).to.equal(report.fix)
      }
      refused++
    }
    const levels = Object.values(limits).map(({ level }) => level)
    expect(refused > 0 || !levels.includes('unsupported')).to.equal(true)
    await expectNothingLeft(before)
  })

  it('leaves neither process nor mount nor descriptor after a hundred containers', async () => {
    await engine.run(['true'])
    const before = takeStock()
    for (let round = 0; round < 10; round++) {
      const results = Array.from({ length: 10 }, () =>
        engine.run(['sh', '-c', 'sleep 60 & echo $!']),
      )
      for (const result of results) expect((await result).ok).to.equal(true)
    }
    await expectNothingLeft(before)
  })
})
