import type { Container, Feature, LimitKey } from '@caisson/core'
import { burnOn, measured, OTHER_CPU, ratesOf } from './cpu-rate.js'
import { type LimitsBench, type LimitsTest } from './limits-bench.js'

/** The least that a burner without a limit must have got, in the same instant, for a low rate to mean anything. */
const LEAST = 0.05

/** CPUs' worth: within a share of the limit, as far as the machine had so much to give. */
function within(limit: number, below: number, above: number) {
  return ([rate = 0, free = 0]: readonly number[]): string | undefined => {
    if (rate > limit * (1 + above)) return `more than ${limit * (1 + above)}`
    const given = Math.min(limit, free)
    if (free < LEAST) return 'the machine had nothing to give'
    return rate < given * (1 - below) ? `less than ${given * (1 - below)}` : undefined
  }
}

const quota = (limit: number, above: number): LimitsTest => ({
  number: 5,
  title: `${limit} CPUs over 3 s: between -20 % and +${above * 100} % of it`,
  limits: ['cpu'],
  features: ['account'],
  async run(bench) {
    bench.needs('cpu')
    const burners = [
      { limits: { cpu: limit }, cpu: 0 },
      { limits: {}, cpu: OTHER_CPU },
    ] as const
    const measure = () => ratesOf(bench, 3, burners)
    await measured(bench.patienceMs, measure, within(limit, 0.2, above))
  },
})

/** CPU time that two containers use between two looks, as a share of the time between them. */
async function ratesNow(
  containers: readonly Container<LimitKey, Feature>[],
  ms: number,
): Promise<number[]> {
  const look = async () =>
    Promise.all(
      containers.map(async (each) => {
        const { cpu, timeMs } = await each.stats()
        return { ns: cpu.usageNs ?? 0, timeMs }
      }),
    )
  const before = await look()
  await new Promise((resolve) => setTimeout(resolve, ms))
  const after = await look()
  return after.map(({ ns, timeMs }, index) => {
    const first = before[index]
    return first === undefined ? 0 : (ns - first.ns) / 1e6 / (timeMs - first.timeMs)
  })
}

/** As fast as a free one beside it, as far as groups with more and fewer processes share alike. */
const like = ([rate = 0, other = 0]: readonly number[]): string | undefined =>
  rate >= 0.5 * other && rate >= LEAST ? undefined : `less than half of ${other}`

async function updated(bench: LimitsBench): Promise<void> {
  await using limited = await bench.create({ cpu: { max: 'max' } })
  await using free = await bench.create({})
  // both on one: what others leave of another may be much less, or more
  const burning = [limited.sh(burnOn(0)), free.sh(burnOn(0))]
  const now = () => ratesNow([limited, free], 1000)
  await measured(bench.patienceMs, now, like)
  // where others leave less than that anyway, 0.3 would show nothing
  const [given = 0] = await now()
  const limit = Math.min(0.3, Math.max(0.02, given / 3))
  await limited.update({ cpu: limit })
  await measured(bench.patienceMs, now, within(limit, 0.35, 0.5))
  await limited.update({ cpu: { max: 'max' } })
  await measured(bench.patienceMs, now, like)
  await Promise.all([limited.stop(), free.stop()])
  await Promise.allSettled(burning)
}

/** Two on one CPU. */
const sharing = (weight: number | 'idle') =>
  [
    { limits: { cpu: { weight } }, cpu: 0 },
    { limits: { cpu: { weight: 100 } }, cpu: 0 },
  ] as const

export const cpuTests: readonly LimitsTest[] = [
  quota(0.5, 0.2),
  quota(0.2, 0.2),
  quota(0.05, 0.6),
  {
    number: 6,
    title: 'weights of 300 and 100 on one CPU: the first gets 2 to 4 times as much',
    limits: ['cpu'],
    features: ['account'],
    async run(bench) {
      bench.needs('cpu.weight')
      const measure = () => ratesOf(bench, 3, sharing(300))
      await measured(bench.patienceMs, measure, ([heavy = 0, light = 0]) => {
        const ratio = heavy / light
        return ratio >= 2 && ratio <= 4 ? undefined : `a ratio of ${ratio}`
      })
    },
  },
  {
    number: 6,
    title: 'an idle one beside one that is not, on one CPU: less than a tenth',
    limits: ['cpu'],
    features: ['account'],
    async run(bench) {
      bench.needs('cpu.weight')
      const measure = () => ratesOf(bench, 3, sharing('idle'))
      await measured(bench.patienceMs, measure, ([idle = 0, normal = 0]) => {
        const ratio = idle / normal
        return ratio < 0.1 ? undefined : `a ratio of ${ratio}`
      })
    },
  },
  {
    number: 7,
    title:
      'changed while it runs: as fast as a free one; 0.3 CPUs, or a third of what it got; as fast again',
    limits: ['cpu'],
    features: ['update', 'stats'],
    async run(bench) {
      bench.needs('cpu')
      await updated(bench)
    },
  },
]
