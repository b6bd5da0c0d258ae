/** One line of a PSI file: shares of the last 10 seconds, and the whole time, in which tasks waited. */
export interface PressureLine {
  /** Percent of the last ten seconds. */
  readonly avg10: number
  /** Microseconds since the group was made. */
  readonly totalUs: number
}

/** What a `*.pressure` file says. */
export interface Pressure {
  /** At least one task waited. */
  readonly some: PressureLine
  /** None of them could go on. Absent where the kernel does not count it. */
  readonly full?: PressureLine
}

function lineOf(text: string, name: string): PressureLine | undefined {
  const [, avg10, total] =
    new RegExp(`^${name} avg10=([\\d.]+) .*total=(\\d+)$`, 'm').exec(text) ?? []
  return avg10 === undefined ? undefined : { avg10: Number(avg10), totalUs: Number(total) }
}

/** undefined: not a PSI file, or one that the kernel does not fill. */
export function parsePressure(text: string | undefined): Pressure | undefined {
  const some = lineOf(text ?? '', 'some')
  if (some === undefined) return undefined
  const full = lineOf(text ?? '', 'full')
  return full === undefined ? { some } : { some, full }
}
