import { expect } from 'chai'
import {
  decodeSteps,
  encodeSteps,
  explain,
  stepTable,
  type FieldKind,
  type Plan,
  type Step,
  type StepContext,
} from '@caisson/core'
import { thrown } from '../support/thrown.js'

const samples: Readonly<Record<FieldKind, readonly unknown[]>> = {
  u32: [0, 1, 0xffff_ffff],
  u64: [0n, 1n, 0xffff_ffff_ffff_ffffn],
  str: ['', '/proc', 'grüße 🛟'],
  bytes: [new Uint8Array(0), Uint8Array.of(0, 1, 255), new Uint8Array(100_000).fill(7)],
  strs: [[], [''], ['a', 'ö'.repeat(50_000), '']],
}

function sampleSteps(context: StepContext, pick: number): Step[] {
  const steps: Step[] = []
  for (const [op, info] of Object.entries(stepTable)) {
    if (!info.contexts.includes(context)) continue
    const fields = info.fields.map(([name, kind]) => [name, samples[kind][pick]])
    steps.push({ op, ...Object.fromEntries(fields) } as Step)
  }
  return steps
}

const contexts: readonly StepContext[] = ['template', 'container', 'process']

describe('encodeSteps', () => {
  it('is the layout that docs/architecture.md gives', () => {
    const bytes = encodeSteps([{ op: 'hostname', name: 'ab' }, { op: 'pivot' }], 'container')
    expect(Buffer.from(bytes).toString('hex')).to.equal(
      ['12000000', '07000000', '02000000', '616200', '10000000', '00000000'].join(''),
    )
    const rlimit: Step = { op: 'rlimit', resource: 7, soft: 1n, hard: 2n ** 64n - 1n }
    expect(Buffer.from(encodeSteps([rlimit], 'process')).toString('hex')).to.equal(
      ['21000000', '14000000', '07000000', '0100000000000000', 'ffffffffffffffff'].join(''),
    )
  })

  for (const context of contexts) {
    it(`gives every ${context} step back through decodeSteps`, () => {
      for (const pick of [0, 1, 2]) {
        const steps = sampleSteps(context, pick)
        expect(steps).to.not.have.length(0)
        expect(decodeSteps(encodeSteps(steps, context), context)).to.deep.equal(steps)
      }
    })
  }

  it('does not write over what it gave before', () => {
    const first = encodeSteps([{ op: 'hostname', name: 'first' }], 'container')
    encodeSteps([{ op: 'hostname', name: 'other' }], 'container')
    expect(decodeSteps(first, 'container')).to.deep.equal([{ op: 'hostname', name: 'first' }])
  })

  it('refuses what is not in the table, and names step and field', async () => {
    const bad: readonly (readonly [string, unknown])[] = [
      ['op', { op: 'escape' }],
      ['op', { op: 'constructor' }],
      ['op', { op: 'exec', argv: [], env: [] }],
      ['name', { op: 'hostname' }],
      ['name', { op: 'hostname', name: 'a\0b' }],
      ['name', { op: 'hostname', name: 5 }],
      ['extra', { op: 'hostname', name: 'a', extra: 1 }],
      ['bytes', { op: 'upper', bytes: -1n, inodes: 0n, uid: 0, gid: 0 }],
      ['bytes', { op: 'upper', bytes: 2n ** 64n, inodes: 0n, uid: 0, gid: 0 }],
      ['bytes', { op: 'upper', bytes: 5, inodes: 0n, uid: 0, gid: 0 }],
      ['uid', { op: 'upper', bytes: 1n, inodes: 0n, uid: -1, gid: 0 }],
      ['gid', { op: 'upper', bytes: 1n, inodes: 0n, uid: 0, gid: 2 ** 32 }],
      ['attrs', { op: 'rootAttrs', attrs: 1.5 }],
      ['options', { op: 'proc', at: '/proc', options: 'x', attrs: 0 }],
      ['options', { op: 'proc', at: '/proc', options: [1], attrs: 0 }],
      ['content', { op: 'file', path: '/x', mode: 0, uid: 0, gid: 0, content: 'x' }],
    ]
    for (const [field, step] of bad) {
      const error = await thrown(() => encodeSteps([step as Step], 'container'))
      expect([error.code, error.field], JSON.stringify(error.message)).to.deep.equal([
        'ERR_INVALID_SPEC',
        field,
      ])
    }
  })
})

describe('decodeSteps', () => {
  it('refuses every prefix and every extension of a list', async () => {
    const bytes = encodeSteps([{ op: 'move', from: 'dev', at: '/dev' }], 'container')
    for (let length = 1; length < bytes.length; length++) {
      const error = await thrown(() => decodeSteps(bytes.subarray(0, length), 'container'))
      expect(error.code, String(length)).to.equal('ERR_INVALID_SPEC')
    }
    const longer = Buffer.concat([bytes, Buffer.of(0)])
    expect((await thrown(() => decodeSteps(longer, 'container'))).code).to.equal('ERR_INVALID_SPEC')
  })

  it('refuses a step of another context and a trailing byte inside a step', async () => {
    const bytes = encodeSteps([{ op: 'pivot' }], 'container')
    expect((await thrown(() => decodeSteps(bytes, 'process'))).message).to.include('pivot')
    const trailing = Buffer.from([16, 0, 0, 0, 1, 0, 0, 0, 0])
    expect((await thrown(() => decodeSteps(trailing, 'container'))).message).to.include('too many')
  })

  it('gives steps or an error of its own for any bytes', async () => {
    let seed = 12345
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fff_ffff
      return seed % below
    }
    let refused = 0
    for (let round = 0; round < 2000; round++) {
      const bytes = encodeSteps(sampleSteps('container', random(2)), 'container').slice()
      for (let i = 0; i <= random(4); i++) bytes[random(bytes.length)] = random(256)
      try {
        decodeSteps(bytes, 'container')
      } catch (error) {
        refused++
        expect(error).to.include({ code: 'ERR_INVALID_SPEC' })
      }
    }
    expect(refused).to.be.greaterThan(500)
  })
})

describe('explain', () => {
  const plan: Plan = {
    version: 1,
    template: [
      { op: 'bind', source: '/srv/my root', at: 'l/0.0', recursive: 1, attrs: 7, idmap: 0 },
    ],
    container: [
      { op: 'namespaces', flags: 0x2c020000, network: 1, user: 1 },
      { op: 'upper', bytes: 1024n, inodes: 10n, uid: 0, gid: 0 },
    ],
    process: [
      { op: 'rlimit', resource: 7, soft: 5n, hard: 2n ** 64n - 1n },
      { op: 'umask', mask: 0o22 },
      { op: 'bounding', keep: 0b1000001n },
      { op: 'seccomp', program: new Uint8Array(80), flags: 0 },
      { op: 'exec', argv: ['sh', '-c', 'echo hi'], env: ['TOKEN=swordfish'] },
    ],
  }

  it('says every step in order, its system call, what it keeps out, in words instead of numbers', () => {
    const text = explain(plan)
    const wanted = [
      '1. bind (open_tree)',
      'source: "/srv/my root"',
      'attrs: ro,nosuid,nodev',
      '2. namespaces (clone3)',
      'mount,uts,ipc,pid',
      'keeps out: everything outside the namespaces',
      '4. rlimit (prlimit64)',
      'resource: NOFILE; soft: 5; hard: unlimited',
      'mask: 022',
      'keep: CHOWN,SETGID',
      'program: 10 instructions',
      '8. exec (execve)',
      'sh -c "echo hi"',
    ]
    let at = 0
    for (const part of wanted) {
      const next = text.indexOf(part, at)
      expect(next, part).to.be.greaterThan(-1)
      at = next
    }
  })

  it('keeps values of the environment to itself', () => {
    expect(explain(plan)).to.include('TOKEN').and.not.include('swordfish')
  })

  it('can tell every step of the table', () => {
    for (const context of contexts) {
      const steps = sampleSteps(context, 1)
      const text = explain({
        version: 1,
        template: [],
        container: [],
        process: [],
        [context]: steps,
      })
      for (const { op } of steps) expect(text).to.include(`${op} (${stepTable[op].call})`)
    }
  })
})
