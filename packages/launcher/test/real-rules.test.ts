import type { Launcher, TemplateStep } from '@caisson/core'
import { expect } from 'chai'
import { createLauncher } from '../dist/index.js'
import { someCommand } from './fake-session.js'
import { findStaticBusybox, RealRoot } from './real-root.js'

const busybox = await findStaticBusybox()

describe('template steps of the real launcher', function () {
  this.timeout(30_000)
  let root: RealRoot
  let launcher: Launcher

  before(function () {
    if (busybox === undefined) {
      console.log('      skipped: needs a static busybox (apt-get install busybox-static)')
      this.skip()
    }
    root = new RealRoot(busybox)
    launcher = createLauncher({})
  })
  after(async () => {
    root?.[Symbol.dispose]()
    await launcher?.[Symbol.asyncDispose]()
  })

  const outcome = async (step: TemplateStep): Promise<unknown> => {
    const plan = root.plan(await launcher.identity())
    const template = Object.freeze([...plan.template, step])
    return launcher
      .run({ ...plan, template }, someCommand(['true']))
      .ended.catch((error: unknown) => error)
  }

  const device = (source: string, major: number, minor: number): Promise<unknown> =>
    outcome({ op: 'device', source, at: 'null', major, minor })

  // CVE-2025-31133: what covers a hidden file must be /dev/null itself
  it('take no device but the very one: by its numbers, not by its name', async () => {
    expect(await device('/dev/null', 1, 3)).to.include({ exitCode: 0 })
    for (const [source, major, minor] of [
      ['/dev/zero', 1, 3],
      ['/dev/null', 1, 5],
      ['/etc/passwd', 1, 3],
      // not one with mounts below it: a user may not even clone that
      [root.path, 1, 3],
    ] as const) {
      expect(await device(source, major, minor), source).to.include({
        step: 'device',
        errno: 'ENODEV',
      })
    }
  })

  it('go on only with the file that the plan was made for', async () => {
    const found = await outcome({ op: 'expect', source: root.path, device: 1n, inode: 1n })
    expect(found).to.include({ code: 'ERR_MOUNT_SOURCE', step: 'expect', errno: 'ESTALE' })
  })
})
