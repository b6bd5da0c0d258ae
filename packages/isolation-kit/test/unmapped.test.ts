import { CaissonError, defaultIsolation, type LaunchedContainer } from '@caisson/core'
import { createPlanIsolation } from '@caisson/isolation-kit'
import { expect } from 'chai'
import { host, makeCommand, makeRequest, rootIdentity } from './support/fixtures.js'
import { RecordingLauncher } from './support/recording-launcher.js'

/** A launcher on a host whose /usr takes no id map. */
class OverlayHost extends RecordingLauncher {
  override async create(
    ...args: Parameters<RecordingLauncher['create']>
  ): Promise<LaunchedContainer> {
    const mapped = args[0].template.some(
      (step) => step.op === 'bind' && step.source === '/usr' && step.idmap === 1,
    )
    if (!mapped) return super.create(...args)
    throw new CaissonError({
      code: 'ERR_MOUNT_SOURCE',
      what: 'template, step 0 (bind)',
      step: 'bind',
      syscall: 'mount_setattr:idmap',
      errno: 'EINVAL',
      subject: '/usr',
    })
  }
}

const allowed = { isolation: { ...defaultIsolation, allowDegraded: ['idmap'] } }

describe('a file system without id maps', () => {
  it('is an error, unless the caller allowed it', async () => {
    const isolation = createPlanIsolation({
      kind: 'pivot',
      launcher: new OverlayHost(rootIdentity),
      host,
    })
    const code = await isolation.create(makeRequest()).catch((error: unknown) => error)
    expect(code).to.include({ code: 'ERR_MOUNT_SOURCE', subject: '/usr' })
  })

  it('is mounted without where it is allowed, that one alone, and the result says so', async () => {
    const launcher = new OverlayHost(rootIdentity)
    const isolation = createPlanIsolation({ kind: 'pivot', launcher, host })
    const request = makeRequest(allowed)
    await isolation.create(request)
    const maps = launcher.creates
      .at(-1)
      ?.plan.template.flatMap((step) => (step.op === 'bind' ? [[step.source, step.idmap]] : []))
    expect(maps).to.deep.include(['/usr', 0])
    expect(maps).to.deep.include(['/etc', 1])
    expect(isolation.holding?.(request, makeCommand()).degraded).to.deep.equal([
      "/usr has no id map: its file system takes none, so its files are nobody's",
    ])
  })

  it('is found out before the first one-shot, and only then', async () => {
    const launcher = new OverlayHost(rootIdentity)
    const isolation = createPlanIsolation({ kind: 'pivot', launcher, host })
    for (let i = 0; i < 2; i++) await isolation.run(makeRequest(allowed), makeCommand()).started
    expect([launcher.creates.length, launcher.runs.length]).to.deep.equal([1, 2])
    await isolation.run(makeRequest(), makeCommand()).started
    expect(launcher.creates).to.have.length(1)
  })
})
