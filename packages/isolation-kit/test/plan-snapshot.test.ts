import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { singleUser, strictIsolation, type ContainerSpec } from '@caisson/core'
import { createPlanIsolation, type PlanKind } from '@caisson/isolation-kit'
import { expect } from 'chai'
import {
  host,
  makeCommand,
  makeRequest,
  plainBind,
  rootIdentity,
  singleIdentity,
} from './support/fixtures.js'
import { RecordingLauncher } from './support/recording-launcher.js'

const golden = new URL('../test/golden/', import.meta.url)

function plain(_: string, part: unknown): unknown {
  if (typeof part === 'bigint') return `0x${part.toString(16)}`
  if (!(part instanceof Uint8Array)) return part
  const hash = createHash('sha256').update(part).digest('hex').slice(0, 16)
  return `${part.length} bytes, sha256 ${hash}`
}

/** One step a line, so that a review shows which step changed. */
function render(plan: object): string {
  const lists = Object.entries(plan).map(([name, list]) => {
    if (!Array.isArray(list)) return `  ${JSON.stringify(name)}: ${JSON.stringify(list)}`
    const steps = list.map((step) => `    ${JSON.stringify(step, plain)}`)
    return `  ${JSON.stringify(name)}: [\n${steps.join(',\n')}\n  ]`
  })
  return `{\n${lists.join(',\n')}\n}\n`
}

const busy: Partial<ContainerSpec> = {
  mounts: [
    { kind: 'tmpfs', to: '/data/scratch', sizeBytes: 1 << 20, exec: true },
    { kind: 'bind', from: '/srv/work', to: '/data', readonly: false, ...plainBind },
    { kind: 'bind', from: '/srv/app.conf', to: '/etc/app.conf', readonly: true, ...plainBind },
  ],
}

const specs: readonly (readonly [string, Partial<ContainerSpec>])[] = [
  ['default', {}],
  ['readonly-mounts', { ...busy, readonlyRoot: true }],
  [
    'strict',
    {
      isolation: strictIsolation,
      seccomp: 'strict',
      readonlyRoot: true,
      hostname: 'sandbox',
      user: singleUser,
      mounts: [
        { kind: 'tmpfs', to: '/tmp', sizeBytes: 1 << 20, exec: false },
        {
          kind: 'bind',
          from: '/srv/work',
          to: '/work',
          readonly: false,
          ...plainBind,
          exec: false,
          owner: 'source',
        },
      ],
    },
  ],
  [
    'open',
    { network: 'host', seccomp: 'unconfined', allowNewPrivileges: true, capabilities: ['NET_RAW'] },
  ],
]
const identities = [rootIdentity, singleIdentity]
const kinds: readonly PlanKind[] = ['pivot', 'chroot']

describe('plans', () => {
  for (const kind of kinds) {
    for (const identity of identities) {
      for (const [name, spec] of specs) {
        const file = `${kind}-${identity.mode}-${name}.json`
        it(`are the golden ones: ${file}`, async () => {
          const launcher = new RecordingLauncher(identity)
          const isolation = createPlanIsolation({ kind, launcher, host })
          const command = makeCommand(spec.user === undefined ? {} : { user: spec.user })
          const text = render(await isolation.plan(makeRequest(spec), command))
          const url = new URL(file, golden)
          if (process.env['CAISSON_UPDATE_GOLDEN'] === '1') writeFileSync(url, text)
          expect(text).to.equal(readFileSync(url, 'utf8'))
        })
      }
    }
  }
})
