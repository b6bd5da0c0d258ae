import { spawnSync } from 'node:child_process'
import { defineDriver, type IsolationDriver, type Probe } from '@caisson/core'
import { expect } from 'chai'
import { chroot, createEngine, pivotRoot } from 'caisson'

const missing = [{ what: 'the moon', fix: 'wait for the night' }]

function fakeIsolation(name: string, probe: Partial<Probe>) {
  return defineDriver({
    kind: 'isolation',
    name,
    apiVersion: 1,
    probe: async () => ({ ok: true, missing: [], degraded: [], facts: {}, ...probe }),
    // never asked for anything: these tests run no command
    create: () => ({}) as IsolationDriver,
  })
}

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  )
}

describe('createEngine of the preset', () => {
  it('takes the first isolation driver that works here, and tells what the others lack', async () => {
    const broken = fakeIsolation('broken', { ok: false, missing })
    const isolation = [
      broken,
      fakeIsolation('first', { degraded: ['slow'] }),
      fakeIsolation('second', {}),
    ]
    await using engine = await createEngine({ isolation })
    expect(engine.picked.isolation).to.deep.equal({ name: 'first', degraded: ['slow'], facts: {} })
    expect(engine.picked.passedOver).to.deep.equal([{ name: 'broken', missing }])
    expect(engine.picked.summary).to.include('first').and.to.include('the moon')
  })

  it('fails with the fixes when no isolation driver works here', async () => {
    const isolation = fakeIsolation('broken', { ok: false, missing })
    const error = await rejection(createEngine({ isolation }))
    expect(error).to.include({
      code: 'ERR_UNSUPPORTED',
      field: 'isolation',
      fix: 'wait for the night',
    })
  })

  it('does not fall back to chroot unless it is named', async () => {
    await using engine = await createEngine()
    expect(engine.picked.isolation.name).to.equal('pivotroot')
    await using named = await createEngine({ isolation: [chroot(), pivotRoot()] })
    expect(named.picked.isolation.name).to.equal('chroot')
    expect(named.picked.isolation.degraded.join()).to.include('no security boundary')
  })

  it('declares the limits of rlimits and the schemes host, dir, busybox, tar, debian, layer and snapshot', async () => {
    await using engine = await createEngine()
    expect([...engine.supports.limits]).to.include.members(['cpuTime', 'processes', 'openFiles'])
    expect([...engine.supports.schemes]).to.have.members([
      'host',
      'dir',
      'busybox',
      'tar',
      'debian',
      'mmdebstrap',
      'debootstrap',
      'layer',
      'snapshot',
    ])
  })

  it('lets a rootfs driver of the caller take the place of one of its own', async () => {
    const mine = defineDriver({
      kind: 'rootfs',
      name: 'mine',
      apiVersion: 1,
      schemes: ['host'],
      probe: async () => ({ ok: true, missing: [], degraded: [], facts: {} }),
      create: () => ({ schemes: ['host'], lend: async () => Promise.reject(new Error('mine')) }),
    })
    await using engine = await createEngine({
      rootfs: [mine],
      isolation: fakeIsolation('none', {}),
    })
    const error = await rejection(Promise.resolve(engine.run(['true'])))
    expect(String(error)).to.include('mine')
  })

  it('asks the limiters of the caller before rlimits', async () => {
    const asked: unknown[] = []
    const mine = defineDriver({
      kind: 'limiter',
      name: 'mine',
      apiVersion: 1,
      limits: ['cpuTime', 'memory'],
      probe: async () => ({ ok: true, missing: [], degraded: [], facts: {} }),
      create: () => ({
        acquire: async ({ limits }) => {
          asked.push(limits)
          throw new Error('enough seen')
        },
      }),
    })
    await using engine = await createEngine({ limiters: [mine] })
    const limits = { memory: '64MiB', cpuTime: '1s' } as const
    const error = await rejection(Promise.resolve(engine.run(['true'], { limits })))
    expect(String(error)).to.include('enough seen')
    expect(asked).to.deep.equal([{ memory: { max: 64 * 2 ** 20 }, cpuTime: 1000 }])
  })

  it('asks for no more processes by default than this process may have', () => {
    const caisson = new URL('../dist/index.js', import.meta.url).href
    const program = `
      const { createEngine } = await import('${caisson}')
      const engine = await createEngine()
      const command = ['grep', 'Max processes', '/proc/self/limits']
      process.stdout.write((await engine.run(command)).stdout)
      await engine[Symbol.asyncDispose]()`
    const script =
      'ulimit -u 300 2>/dev/null || ulimit -p 300; exec "$0" --input-type=module -e "$1"'
    const shown = spawnSync('sh', ['-c', script, process.execPath, program], { encoding: 'utf8' })
    expect(shown.stdout, shown.stderr).to.match(/^Max processes +300 +300 /)
  })

  it('refuses options that it does not know', async () => {
    // @ts-expect-error: there is no such option
    const error = await rejection(createEngine({ isolaton: pivotRoot() }))
    expect(error).to.include({ code: 'ERR_INVALID_SPEC', field: 'isolaton' })
  })

  it('keeps limits that no driver can enforce from compiling', async () => {
    await using engine = await createEngine({ isolation: fakeIsolation('none', {}) })
    // @ts-expect-error: this isolation driver does not declare disk, and no limiter can
    const refused = rejection(engine.create({ limits: { disk: '1GiB' } }))
    expect(await refused).to.include({ code: 'ERR_UNSUPPORTED', field: 'limits.disk' })
  })

  it('ends with its engine: a disposed one runs nothing', async () => {
    const engine = await createEngine()
    await engine[Symbol.asyncDispose]()
    await engine[Symbol.asyncDispose]()
    const error = await rejection(Promise.resolve(engine.run(['true'])))
    expect(error).to.include({ code: 'ERR_DISPOSED' })
  })
})
