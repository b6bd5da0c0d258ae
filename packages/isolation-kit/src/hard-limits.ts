/** Lines of /proc/<pid>/limits, by RLIMIT_* number. */
const names: readonly (readonly [resource: number, name: string])[] = [
  [0, 'Max cpu time'],
  [1, 'Max file size'],
  [3, 'Max stack size'],
  [4, 'Max core file size'],
  [6, 'Max processes'],
  [7, 'Max open files'],
  [8, 'Max locked memory'],
]

/** Hard limits out of the text of /proc/<pid>/limits; those without a limit are left out. */
export function parseHardLimits(text: string): ReadonlyMap<number, bigint> {
  const limits = new Map<number, bigint>()
  const lines = text.split('\n')
  for (const [resource, name] of names) {
    const line = lines.find((one) => one.startsWith(`${name} `))
    const hard = line?.slice(name.length).trim().split(/\s+/)[1]
    if (hard !== undefined && /^\d+$/.test(hard)) limits.set(resource, BigInt(hard))
  }
  return limits
}
