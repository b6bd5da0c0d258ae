import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import {
  createEngine,
  type Container,
  type Exec,
  type PresetEngine,
  type DefaultLimits,
} from 'caisson'
import { processesWith } from './processes-with.js'
import { waitUntil } from './wait-until.js'

type Options = Parameters<PresetEngine<DefaultLimits>['run']>[1]
type Start = (script: string, marker: string, options?: Options) => Exec

const loop = 'while :; do sleep 1000; done'
/** Its processes are hard to find again: in sessions of their own, without a parent, or both; and they ignore SIGTERM. */
const stubborn = `trap "" TERM; L='${loop}'; export L
  sh -c "$L" $0 & setsid sh -c "$L" $0 & (sh -c "$L" $0 &) ; setsid sh -c '(setsid sh -c "$L" $0 &)' $0
  echo ready; while :; do sleep 0.05; done`
/** As that, but it goes when it is asked to, and leaves its tree behind. */
const polite = stubborn
  .replace('trap "" TERM; ', '')
  .replace('echo ready', 'trap "exit 3" TERM; echo ready')
const bomb = 'echo ready; f() { f | f & }; f; while :; do sleep 0.05; done'

/** A time limit that leaves a loaded machine enough to make the tree first. */
const SOON = 2000

const nothing = (): void => {}

describe('the end of a command', function () {
  this.timeout(60_000)
  let engine: PresetEngine<DefaultLimits>
  let container: Container<DefaultLimits>

  before(async () => {
    engine = await createEngine()
  })
  after(() => engine[Symbol.asyncDispose]())
  beforeEach(async () => {
    container = await engine.create({ from: 'busybox:' })
  })
  afterEach(() => container.remove())

  const kinds: Readonly<Record<string, Start>> = {
    'a one-shot': (script, marker, options) =>
      engine.run(['sh', '-c', script, marker], { from: 'busybox:', ...options }),
    'a container that stays': (script, marker, options) =>
      container.exec('sh', ['-c', script, marker], options),
  }

  /** Starts a tree, waits until it stands, ends it, and sees that nothing of it lives when the result is there. */
  const endTree = async (
    start: Start,
    script: string,
    end: (exec: Exec) => unknown,
    options?: Options,
  ) => {
    const marker = `caisson-end-${randomUUID()}`
    const exec = start(script, marker, options)
    for await (const line of exec.lines()) {
      if (line !== 'ready') continue
      const stands = () => script === bomb || processesWith(marker).length > 4
      await waitUntil('the tree stands', stands)
      await end(exec)
      break
    }
    const { reason, exitCode, signal } = await exec
    expect(processesWith(marker), 'processes left').to.deep.equal([])
    return { reason, exitCode, signal }
  }
  const byKill = { exitCode: null, signal: 'SIGKILL' }

  for (const [kind, start] of Object.entries(kinds)) {
    it(`by kill() takes the whole tree with it, in ${kind}`, async () => {
      const end = await endTree(start, stubborn, (exec) => exec.kill())
      expect(end).to.deep.equal({ reason: 'killed', ...byKill })
    })

    it(`by its time takes the whole tree with it, in ${kind}`, async () => {
      const end = await endTree(start, stubborn, nothing, { timeout: SOON })
      expect(end).to.deep.equal({ reason: 'wall-time', ...byKill })
    })

    it(`by an AbortSignal takes the whole tree with it, in ${kind}`, async () => {
      const controller = new AbortController()
      const { signal } = controller
      const end = await endTree(start, stubborn, () => controller.abort(), { signal })
      expect(end).to.deep.equal({ reason: 'aborted', ...byKill })
    })

    it(`takes a fork bomb with it, in ${kind}`, async () => {
      const options = { limits: { processes: 60 } }
      const end = await endTree(start, bomb, (exec) => exec.kill(), options)
      expect(end).to.deep.equal({ reason: 'killed', ...byKill })
    })

    it(`waits for a command that SIGTERM ends, and kills what it leaves, in ${kind}`, async () => {
      const options = { timeout: SOON, killGrace: '20s' } as const
      const end = await endTree(start, polite, nothing, options)
      expect(end).to.deep.equal({ reason: 'wall-time', exitCode: 3, signal: null })
    })

    it(`kills a command that SIGTERM does not end, after the grace, in ${kind}`, async () => {
      const options = { timeout: SOON, killGrace: 200 } as const
      const end = await endTree(start, stubborn, nothing, options)
      expect(end).to.deep.equal({ reason: 'wall-time', ...byKill })
    })

    it(`needs no grace for a kill(), in ${kind}`, async () => {
      const end = await endTree(start, stubborn, (exec) => exec.kill(), { killGrace: '1h' })
      expect(end).to.deep.equal({ reason: 'killed', ...byKill })
    })

    it(`by a signal that it handles is its own, in ${kind}`, async () => {
      const script = 'trap "exit 4" TERM; echo ready; while :; do sleep 0.05; done'
      const exec = start(script, 'x')
      for await (const line of exec.lines()) if (line === 'ready') await exec.kill('SIGTERM')
      const { reason, exitCode } = await exec
      expect([reason, exitCode]).to.deep.equal(['exit', 4])
    })
  }

  it('by stop() comes at once, and by its grace when SIGTERM is enough before', async () => {
    const start = kinds['a container that stays'] as Start
    expect(await endTree(start, stubborn, () => container.stop())).to.deep.equal({
      reason: 'killed',
      ...byKill,
    })
    container = await engine.create({ from: 'busybox:' })
    const end = await endTree(start, polite, () => container.stop({ grace: '30s' }))
    expect(end).to.deep.equal({ reason: 'killed', exitCode: 3, signal: null })
    expect(container.state).to.equal('stopped')
    container = await engine.create({ from: 'busybox:' })
    const late = await endTree(start, stubborn, () => container.stop({ grace: 200 }))
    expect(late).to.deep.equal({ reason: 'killed', ...byKill })
  })

  it('is hurried by a stop() with less grace, and by remove()', async () => {
    const start = kinds['a container that stays'] as Start
    for (const hurry of ['stop', 'remove'] as const) {
      container = await engine.create({ from: 'busybox:' })
      const marker = `caisson-end-${randomUUID()}`
      const exec = start(stubborn, marker)
      for await (const line of exec.lines()) {
        if (line !== 'ready') continue
        await Promise.all([container.stop({ grace: '1h' }), container[hurry]()])
        break
      }
      expect((await exec).reason).to.equal('killed')
      expect(processesWith(marker)).to.deep.equal([])
      await container.remove()
    }
  })

  it('refuses graces that are none', async () => {
    for (const grace of [-1, 'soon', Number.NaN, 2 ** 31]) {
      // @ts-expect-error: not a duration, some of them
      const stopped = container.stop({ grace })
      expect(await stopped.catch((error: unknown) => error)).to.include({
        code: 'ERR_INVALID_SPEC',
      })
      // @ts-expect-error: not a duration, some of them
      const ran = container.sh('true', { killGrace: grace })
      expect(await ran.then(nothing, (error: unknown) => error)).to.include({
        code: 'ERR_INVALID_SPEC',
      })
    }
  })
})
