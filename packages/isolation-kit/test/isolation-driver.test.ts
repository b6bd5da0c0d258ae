import { CaissonError, type ContainerStep, type ProcessStep } from '@caisson/core'
import { createPlanIsolation, PlanCompiler, probeLauncher } from '@caisson/isolation-kit'
import { expect } from 'chai'
import { host, makeCommand, makeRequest, rootIdentity, singleIdentity } from './support/fixtures.js'
import { RecordingLauncher } from './support/recording-launcher.js'

const rlimit = (resource: number): ProcessStep => ({ op: 'rlimit', resource, soft: 1n, hard: 2n })
const sysctl = (key: string): ContainerStep => ({ op: 'sysctl', key, value: '1' })

/** What holds where no limiter says otherwise. */
const ours = new PlanCompiler('pivot', host).ownProcess(makeRequest().spec, [])

function setUp() {
  const launcher = new RecordingLauncher(rootIdentity)
  return { launcher, isolation: createPlanIsolation({ kind: 'pivot', launcher, host }) }
}

describe('createPlanIsolation', () => {
  it("sends the same lists for each start, and what is one start's own beside them", async () => {
    const { launcher, isolation } = setUp()
    const request = {
      ...makeRequest(),
      amendments: [{ container: [sysctl('a')], process: [rlimit(1)] }],
    }
    const command = makeCommand({ amendments: [{ process: [rlimit(2)] }] })
    await isolation.run(request, command).started
    await isolation.run({ ...request, id: 'ffffffffffffffff' }, command).started
    const [first, second] = launcher.runs
    expect(second?.plan.template).to.equal(first?.plan.template)
    expect(second?.plan.container).to.equal(first?.plan.container)
    expect(second?.plan.process).to.equal(first?.plan.process)
    expect(first?.command.steps).to.deep.equal([
      { op: 'hostname', name: '0123456789ab' },
      sysctl('a'),
      ...ours,
      rlimit(1),
      rlimit(2),
    ])
    expect(second?.command.steps[0]).to.deep.equal({ op: 'hostname', name: 'ffffffffffff' })
    expect(first?.command).to.include({
      stdout: 'capture',
      maxOutputBytes: 1 << 20,
      reportStart: false,
    })
  })

  it('runs commands of a kept container with the limits of both', async () => {
    const { launcher, isolation } = setUp()
    const request = {
      ...makeRequest({ hostname: 'box' }),
      amendments: [{ container: [sysctl('a')], process: [rlimit(1)] }],
    }
    const container = await isolation.create(request)
    expect(launcher.creates[0]?.steps).to.deep.equal([{ op: 'hostname', name: 'box' }, sysctl('a')])
    expect(container.pid).to.equal(42)
    await container.exec(makeCommand({ amendments: [{ process: [rlimit(2)] }] })).started
    await container.exec(makeCommand()).started
    expect(launcher.execs[0]?.command.steps).to.deep.equal([...ours, rlimit(1), rlimit(2)])
    expect(launcher.execs[1]?.process).to.equal(launcher.execs[0]?.process)
  })

  it('passes on a signal that was sent before the launcher was there', async () => {
    const { launcher, isolation } = setUp()
    const process = isolation.run(makeRequest(), makeCommand())
    process.signal('SIGTERM')
    await process.started
    expect(launcher.signals).to.deep.equal(['SIGTERM'])
  })

  it('rejects, and does not throw, when a command cannot be launched', async () => {
    const { launcher, isolation } = setUp()
    const process = isolation.run(makeRequest({ capabilities: ['NOPE'] }), makeCommand())
    const error: unknown = await process.ended.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(error).to.include({ code: 'ERR_CAPABILITY_UNKNOWN' })
    expect(launcher.runs).to.have.length(0)
  })
})

describe('probeLauncher', () => {
  it('says as what containers run and what is lost', async () => {
    const probe = await probeLauncher(new RecordingLauncher(singleIdentity))
    expect(probe).to.deep.include({ ok: true, missing: [], degraded: singleIdentity.degraded })
    expect(probe.facts['mode']).to.match(/single id/)
  })

  it('turns an error into what is missing and how to mend it', async () => {
    const launcher = new RecordingLauncher(rootIdentity)
    launcher.failure = new CaissonError({
      code: 'ERR_LAUNCHER_MISSING',
      what: 'launcher',
      fix: 'Build it.',
    })
    const probe = await probeLauncher(launcher)
    expect(probe.ok).to.equal(false)
    expect(probe.missing[0]?.fix).to.equal('Build it.')
  })
})
