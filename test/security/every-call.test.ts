// The kernel's own word on the filters of system calls: both profiles, in containers, call by call.
import { chmodSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { boundaryArguments, numbersWithTests, oracle } from '#seccomp-test/support/evaluate.js'
import {
  architectureFacts,
  architectureOf,
  namedProfile,
  syscallTable,
  type ProfileName,
} from '@caisson/seccomp'
import { createEngine } from 'caisson'
import { expect } from 'chai'
import { buildProgram } from './build-program.js'

const ones = (1n << 64n) - 1n
const ALLOW = 0x7fff0000
const ERRNO = 0x50000
const capabilities = ['CHOWN', 'SYS_CHROOT']

/**
 * Not made, only asked about. vfork: its child would run on the stack of the program that waits for it. sync: it writes out
 * the disks of the whole host. clone: on some machines all ones are flags that it takes.
 */
const notMade = new Set(['vfork', 'sync', 'clone'])

/** Newer kernels carry these out before any filter, where they come from one of their own trampolines, and fail them else. */
const unfiltered = new Set(['uretprobe', 'uprobe'])

interface Question {
  readonly number: number
  readonly args: readonly bigint[]
}

const start = (root: string, stateDir: string) => createEngine({ from: `dir:${root}`, stateDir })
const textOf = ({ number, args }: Question) => `${number} ${args.join(',')}`

describe('the kernel, asked call by call', function () {
  this.timeout(120_000)
  const arch = architectureOf(process.arch)
  let root: string
  let stateDir: string
  let engine: Awaited<ReturnType<typeof start>>

  before(async function () {
    const program = buildProgram('every-call', 'test/security/every-call')
    if (program === undefined || arch === undefined || arch === 'x32') {
      console.log(
        '      skipped: no compiler that links statically (apt-get install gcc libc6-dev)',
      )
      this.skip()
    }
    root = mkdtempSync(join(tmpdir(), 'caisson-calls-'))
    stateDir = mkdtempSync(join(tmpdir(), 'caisson-state-'))
    chmodSync(root, 0o755)
    copyFileSync(program, join(root, 'every-call'))
    engine = await start(root, stateDir)
  })

  after(async () => {
    await engine?.[Symbol.asyncDispose]()
    for (const path of [root, stateDir]) if (path) rmSync(path, { recursive: true, force: true })
  })

  async function say(
    how: 'ask' | 'make',
    list: readonly Question[],
    seccomp: ProfileName | 'unconfined',
  ): Promise<ReadonlyMap<string, string>> {
    const words = list.map(({ number, args }) =>
      how === 'ask' ? `${number}:${args.join()}` : `${number}`,
    )
    const argv = ['/every-call', how, ...words] as const
    const { stdout, exitCode, stderr } = await engine.run([...argv], { seccomp, capabilities })
    expect(exitCode, stderr).to.equal(0)
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => /^(\d+ \S+) (.+)$/.exec(line) ?? [])
    return new Map(lines.map(([, question = '', outcome = '']) => [question, outcome]))
  }

  function questions(name: ProfileName): readonly Question[] {
    if (arch === undefined) return []
    const { newest, nameOf } = syscallTable(arch)
    const { first } = architectureFacts[arch]
    const numbers = Array.from({ length: newest - first + 51 }, (_, n) => first + n)
    const odd = [0x3fffffff, 0x40000000, 0x40000001, 0x40000208, 0x7fffffff]
    const all = [...new Set([...nameOf.keys(), ...numbers, ...odd])].filter(
      (number) => !unfiltered.has(nameOf.get(number) ?? ''),
    )
    const profile = namedProfile(name)
    const values = boundaryArguments(profile)
    const tested = [...numbersWithTests(profile, arch)].filter((number) => number >= 0)
    return [
      ...all.map((number) => ({ number, args: [ones, ones, ones] })),
      ...tested.flatMap((number) =>
        values.flatMap((value) => [
          { number, args: [value, value, value] },
          { number, args: [value, 0n, 9n] },
          { number, args: [16n, value, value] },
        ]),
      ),
    ]
  }

  for (const name of ['default', 'strict'] as const) {
    it(`lets through, refuses and does not know under ${name} what the profile says, for every number and boundary`, async () => {
      if (arch === undefined || arch === 'x32') throw new Error('no architecture')
      const ask = oracle(namedProfile(name), { arch, capabilities })
      const list = questions(name)
      const answers = new Map<string, string>()
      for (let i = 0; i < list.length; i += 1000) {
        for (const [key, value] of await say('ask', list.slice(i, i + 1000), name))
          answers.set(key, value)
      }
      const wrong: string[] = []
      let reached = 0
      for (const question of list) {
        const value = ask({ arch: architectureFacts[arch].audit, ...question })
        const expected = value === ALLOW ? 'reached' : `errno ${value - ERRNO}`
        if (expected === 'reached') reached += 1
        const got = answers.get(textOf(question))
        if (got !== expected) wrong.push(`${textOf(question)}: ${got}, not ${expected}`)
      }
      expect(wrong).to.deep.equal([])
      expect(reached).to.be.greaterThan(200)
      console.log(`      ${list.length} calls, ${reached} let through`)
    })

    it(`carries out under ${name} what it carries out without a filter, and nothing of what is refused`, async () => {
      if (arch === undefined || arch === 'x32') throw new Error('no architecture')
      const { nameOf, newest } = syscallTable(arch)
      const ask = oracle(namedProfile(name), { arch, capabilities })
      const list = [...nameOf]
        .filter(([, call]) => !notMade.has(call))
        .map(([number]) => ({ number, args: [ones, ones, ones] }))
      list.push(...[1, 2, 50].map((n) => ({ number: newest + n, args: [ones, ones, ones] })))
      const [filtered, open] = [
        await say('make', list, name),
        await say('make', list, 'unconfined'),
      ]
      const wrong: string[] = []
      let told = 0
      for (const question of list) {
        const key = textOf(question)
        const value = ask({ arch: architectureFacts[arch].audit, ...question })
        const free = open.get(key)
        const expected = value === ALLOW ? free : `errno ${value - ERRNO}`
        if (value !== ALLOW && free !== expected) told += 1
        const call = nameOf.get(question.number) ?? 'no name'
        if (filtered.get(key) !== expected)
          wrong.push(`${call}: ${filtered.get(key)}, not ${expected}`)
      }
      expect(wrong).to.deep.equal([])
      // many of the refused ones the kernel itself refuses a container, by the same number
      expect(told).to.be.greaterThan(15)
      console.log(
        `      ${list.length} calls, ${told} of the refused do something else without the filter`,
      )
    })
  }

  it('holds a caller’s own profile, and by the conventions asked for', async function () {
    const number = arch === undefined ? -1 : syscallTable(arch).numberOf.get('mkdirat')
    const rule = { names: ['mkdirat'], action: 'SCMP_ACT_ERRNO', errno: 'EXDEV' }
    const profile = { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [rule] }
    const { stdout } = await engine.run(['/every-call', 'ask', `${number}:0,0,0`], {
      seccomp: { profile },
    })
    expect(stdout).to.equal(`${number} 0,0,0 errno 18\n`)
    if (process.arch !== 'x64') return
    const listed = { ...profile, architectures: ['SCMP_ARCH_X86'] }
    for (const [architectures, expected] of [
      ['native', 'SIGSYS'],
      ['profile', null],
    ] as const) {
      const seccomp = { profile: listed, architectures }
      const { signal } = await engine.run(['/every-call', 'foreign'], { seccomp })
      expect(signal, architectures).to.equal(expected)
    }
  })

  it('is not reached by a profile that cannot be meant', async () => {
    const profile = {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['mkdri'], action: 'SCMP_ACT_KILL' }],
    }
    const error: unknown = await engine.run(['/every-call'], { seccomp: { profile } }).then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(error).to.be.instanceOf(TypeError).and.include({
      code: 'ERR_SECCOMP_PROFILE',
      field: 'seccomp.profile.syscalls[0].names',
    })
  })

  it('kills what calls as i386 does', async function () {
    if (process.arch !== 'x64') this.skip()
    // int 0x80 with the number of getpid: in the same program, by the other convention
    const { exitCode, signal } = await engine.run(['/every-call', 'foreign'])
    expect([exitCode, signal]).to.deep.equal([null, 'SIGSYS'])
  })
})
