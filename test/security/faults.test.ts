// Every system call by which a container is set up, made to fail: a command runs with all of its protections or not at all.
import { existsSync } from 'node:fs'
import { isCaissonError } from '@caisson/core'
import { expect } from 'chai'
import { FaultBench, type Fault, type Observation, type Scenario } from './fault-bench.js'

const [EPERM, EIO, ENOMEM, EINVAL, ENOSYS] = [1, 5, 12, 22, 38]
const errnos = [EIO, EPERM, ENOMEM, EINVAL]

/** Calls that kernels of this decade may lack, or that something around us may refuse as unknown. */
const optional =
  'openat2 close_range clone3 mount_setattr open_tree fsopen fsconfig fsmount move_mount memfd_create execveat pidfd_open ' +
  'pidfd_send_signal setns landlock_create_ruleset landlock_add_rule landlock_restrict_self seccomp keyctl statx ' +
  'prlimit64 capset pivot_root epoll_pwait eventfd2'

const scenarios: readonly Scenario[] = ['one command', 'a container that stays']

// Complete takes minutes: once in a while, CAISSON_FAULTS=all. Else one of so many, another one for each scenario.
const stride = process.env['CAISSON_FAULTS'] === 'all' ? 1 : 23

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function differences(whole: string, seen: string): string {
  const [before, after] = [whole.split('\n'), seen.split('\n')]
  const gone = before.filter((line) => !after.includes(line)).map((line) => `- ${line}`)
  const come = after.filter((line) => !before.includes(line)).map((line) => `+ ${line}`)
  return [...gone, ...come].join('; ')
}

/** What depends on how many ids a user namespace has: the map, and what groups are seen as. */
function withoutIds(text: string): string {
  return text
    .split('\n')
    .filter((line) => !line.startsWith('Groups:') && !/^\d+ \d+$/.test(line))
    .join('\n')
}

/** A single id where the helpers that give more of them failed: no protection less, and it is told. */
function isSingleInstead(whole: string, { seen = '', degraded }: Observation): boolean {
  const told = degraded.some((text) => text.includes('one user and one group id only'))
  return told && withoutIds(seen) === withoutIds(whole)
}

/** What is wrong with how a fault was met; undefined: nothing. */
function verdict(
  found: Observation,
  whole: string,
  injected: string | undefined,
): string | undefined {
  const { seen, error, left, refused } = found
  if (seen !== undefined && seen !== whole && !isSingleInstead(whole, found))
    return `half-isolated: ${differences(whole, seen)}; told: ${found.degraded.join('; ')}`
  if (left.length > 0) return `left: ${left.join(', ')}`
  if (error === undefined) {
    return seen === undefined && !refused ? 'no error, and no command ran' : undefined
  }
  if (!isCaissonError(error)) return `an error of another kind: ${textOf(error)}`
  // a container whose pid 1 gave up is gone for its commands, whatever the reason was
  if (error.syscall !== undefined || error.code === 'ERR_CONTAINER_GONE') return undefined
  // the start of its name: of a feature that is refused by its own
  const [word] = injected?.split('_') ?? []
  if (word !== undefined && error.message.includes(word)) return undefined
  return `an error that names no system call: ${error.code}: ${error.message}`
}

async function unharmed(
  place: FaultBench,
  scenario: Scenario,
): Promise<Observation & { seen: string }> {
  const { seen, error, ...rest } = await place.observe(scenario, { call: 0, errno: EIO })
  if (seen === undefined || error !== undefined)
    throw new Error(`it fails by itself: ${textOf(error)}`)
  expect(rest.left).to.deep.equal([])
  return { seen, error, ...rest }
}

describe('with a system call that fails,', function () {
  this.timeout(process.env['CAISSON_FAULTS'] === 'all' ? 3_600_000 : 240_000)
  let bench: FaultBench
  let strict: FaultBench

  before(function () {
    const [made, tight] = [
      FaultBench.make(),
      FaultBench.make({ seccomp: 'strict', landlock: true }),
    ]
    const busybox = ['/bin/busybox', '/usr/bin/busybox'].some((path) => existsSync(path))
    if (!busybox || typeof made === 'string' || typeof tight === 'string') {
      const why = typeof made === 'string' ? made : 'no busybox (apt-get install busybox-static)'
      console.log(`      skipped: ${why}`)
      this.skip()
    }
    bench = made
    strict = tight
  })

  after(() => {
    bench?.[Symbol.dispose]()
    strict?.[Symbol.dispose]()
  })

  for (const scenario of scenarios) {
    for (const kind of ['default', 'strict'] as const) {
      it(`${scenario}, ${kind}: each call that a kernel may lack is done without, or named`, async () => {
        const place = kind === 'default' ? bench : strict
        const { seen } = await unharmed(place, scenario)
        const wrong: string[] = []
        const met: string[] = []
        for (const call of optional.split(' ')) {
          const found = await place.observe(scenario, { call, errno: ENOSYS })
          const used = found.calls.length > 0
          const fault = verdict(found, seen, call)
          if (fault !== undefined) wrong.push(`${call}: ${fault}`)
          met.push(
            `${call} ${found.error === undefined ? (used ? 'is done without' : 'is not used') : 'is named'}`,
          )
        }
        console.log(`      ${met.join(', ')}`)
        expect(wrong).to.deep.equal([])
      })
    }

    it(`${scenario}: whichever it is, no command runs half-isolated, nothing stays, and the error says which`, async () => {
      const { seen, calls } = await unharmed(bench, scenario)
      const wrong: string[] = []
      let [failed, harmless] = [0, 0]
      const first = 1 + scenarios.indexOf(scenario) * 7
      for (let k = stride === 1 ? 1 : first; k <= calls.length; k += stride) {
        const fault: Fault = { call: k, errno: errnos[k % errnos.length] ?? EIO }
        const found = await bench.observe(scenario, fault)
        const hit = found.calls.find((call) => call.endsWith('*'))
        if (hit === undefined && found.left.length === 0) continue
        const injected = hit?.split(' ')[1]?.slice(0, -1)
        const complaint = verdict(found, seen, injected)
        if (complaint !== undefined) {
          wrong.push(`${k} ${hit} ${fault.errno}: ${complaint}`)
          if (stride === 1) console.log(wrong.at(-1))
        } else if (found.error === undefined) harmless += 1
        else failed += 1
      }
      console.log(
        `      of ${calls.length} calls: ${failed} failed the start, ${harmless} did no harm`,
      )
      expect(wrong, wrong.join('\n')).to.deep.equal([])
    })
  }
})
