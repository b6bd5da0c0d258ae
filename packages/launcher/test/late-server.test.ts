// A fuse-overlayfs that hangs before its first answer: the container is not made, in time, and nothing of it is left.
import {
  accessSync,
  chmodSync,
  constants,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { isCaissonError, type CaissonError, type Launcher, type LaunchPlan } from '@caisson/core'
import { expect } from 'chai'
import { createLauncher } from '../dist/index.js'
import { someCommand } from './fake-session.js'
import { RealRoot, findStaticBusybox } from './real-root.js'

/** Answers FUSE_INIT (struct fuse_init_out of linux/fuse.h), and then takes requests and says nothing. */
const answersOnce = `#!${process.execPath}
const { readSync, writeSync } = require('node:fs')
const request = Buffer.alloc(2 ** 18)
readSync(3, request)
const answer = Buffer.alloc(80)
answer.writeUInt32LE(80, 0)
request.copy(answer, 8, 8, 16)
answer.writeUInt32LE(7, 16)
answer.writeUInt32LE(31, 20)
answer.writeUInt32LE(65536, 36)
writeSync(3, answer)
for (;;) readSync(3, request)
`

const fakes = {
  'that never answers': '#!/bin/sh\nexec sleep 1000\n',
  'that stops answering': answersOnce,
}

function missing(): string | undefined {
  try {
    accessSync('/dev/fuse', constants.R_OK | constants.W_OK)
    return undefined
  } catch {
    return '/dev/fuse is not for this user'
  }
}

/** Those that this process started, directly or not. */
function descendants(): readonly number[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1')
      const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      if (state !== 'Z') parents.set(Number(name), Number(parent))
    } catch {
      // it has ended
    }
  }
  const isOurs = (pid: number | undefined): boolean =>
    pid !== undefined && (pid === process.pid || isOurs(parents.get(pid)))
  return [...parents.keys()].filter((pid) => pid !== process.pid && isOurs(pid))
}

/** The launcher is what is left. */
async function alone(): Promise<void> {
  for (let n = 0; n < 500 && descendants().length > 1; n++) await delay(10)
  expect(descendants()).to.have.lengthOf(1)
}

async function failureOf(promise: PromiseLike<unknown>): Promise<CaissonError> {
  const error = await Promise.resolve(promise).catch((thrown: unknown) => thrown)
  if (!isCaissonError(error)) throw new Error('it did not fail')
  return error
}

describe('a program for roots', function () {
  this.timeout(30_000)
  let root: RealRoot
  let scratch = ''
  let launcher: Launcher

  before(async function () {
    const busybox = await findStaticBusybox()
    const why = busybox === undefined ? 'needs a static busybox' : missing()
    if (busybox === undefined || why !== undefined) {
      console.log(`      skipped: ${why}`)
      if (process.env['CAISSON_MUST_WORK'] === '1' && process.getuid?.() === 0) throw new Error(why)
      return this.skip()
    }
    root = new RealRoot(busybox)
    scratch = mkdtempSync(join(tmpdir(), 'caisson-late-'))
    return undefined
  })
  beforeEach(async () => {
    launcher = createLauncher()
    await launcher.identity()
  })
  afterEach(() => launcher[Symbol.asyncDispose]())
  after(() => {
    root?.[Symbol.dispose]()
    if (scratch !== '') rmSync(scratch, { recursive: true, force: true })
  })

  async function planOf(fake: keyof typeof fakes, answerMs: number): Promise<LaunchPlan> {
    const program = join(scratch, fake.replaceAll(' ', '-'))
    writeFileSync(program, fakes[fake])
    chmodSync(program, 0o755)
    const plan = root.plan(await launcher.identity())
    const place = { at: '/', index: 0, lowers: ['l/0.0'] }
    const device = { op: 'device', source: '/dev/fuse', at: 'fuse', major: 10, minor: 229 } as const
    return {
      ...plan,
      template: [...plan.template, device],
      container: plan.container.map((step) =>
        step.op === 'overlay'
          ? { op: 'fuseRoot', ...place, device: 'fuse', program, answerMs, attrs: 2 }
          : step,
      ),
    }
  }

  for (const fake of ['that never answers', 'that stops answering'] as const) {
    it(`${fake} fails the container in its time, with the step and what to do`, async () => {
      const plan = await planOf(fake, 700)
      const made = failureOf(launcher.create(plan, []))
      const ran = failureOf(launcher.run(plan, someCommand(['true'])).ended)
      for (const error of await Promise.all([made, ran])) {
        expect(error).to.deep.include({
          code: 'ERR_UNSUPPORTED',
          field: 'copyOnWrite',
          step: 'fuseRoot',
          errno: 'ETIMEDOUT',
        })
        expect(error.message).to.include('no answer in its time')
        expect(error.fix).to.match(/by hand/)
      }
      await alone()
    })

    it(`${fake} is not waited for when the container is not wanted any more`, async () => {
      const plan = await planOf(fake, 4_000_000)
      const controller = new AbortController()
      const made = failureOf(launcher.create(plan, [], controller.signal))
      const launched = launcher.run(plan, someCommand(['true']))
      // two programs, two pid 1s and the launcher
      while (descendants().length < 5) await delay(10)
      controller.abort()
      launched.signal('SIGKILL')
      expect((await made).code).to.equal('ERR_LAUNCH')
      await Promise.allSettled([launched.ended])
      await alone()
    })

    it(`${fake} ends with its launcher`, async () => {
      const plan = await planOf(fake, 4_000_000)
      const made = failureOf(launcher.create(plan, []))
      while (descendants().length < 3) await delay(10)
      await launcher[Symbol.asyncDispose]()
      expect((await made).code).to.equal('ERR_DISPOSED')
      for (let n = 0; n < 500 && descendants().length > 0; n++) await delay(10)
      expect(descendants()).to.deep.equal([])
    })
  }
})
