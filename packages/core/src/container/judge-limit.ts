import type { Driver } from '../contracts/driver.js'
import type { LimitSupport, LimitSupports } from '../contracts/limit-support.js'
import type { Probe } from '../contracts/probe.js'
import { CaissonError } from '../errors/caisson-error.js'
import { limitFields } from '../spec/limit-fields.js'
import type { ParsedLimits } from '../spec/parsed-limits.js'

/** A field that a driver does not strictly enforce here. */
export interface FieldVerdict {
  readonly field: string
  readonly level: 'best-effort' | 'unsupported'
  readonly why: string
  readonly fix: string | undefined
}

const enforced: LimitSupport = Object.freeze({ level: 'enforced' })

/** What the limits of a driver are worth here; nothing, where it does not work at all. */
export function supportsOf(driver: Driver, probe: Probe): LimitSupports | undefined {
  if (probe.limits !== undefined || probe.ok) return probe.limits
  const why = probe.missing.map(({ what }) => what).join('; ') || 'it does not work here'
  const fix = probe.missing.map((missing) => missing.fix).join('\n') || 'See engine.doctor().'
  const unsupported: LimitSupport = { level: 'unsupported', why, fix }
  return Object.fromEntries(driver.limits.map((limit) => [limit, unsupported]))
}

/** What a field is worth: as it is named itself, or what it is part of. */
export function supportOf(supports: LimitSupports | undefined, field: string): LimitSupport {
  const parts = field.split('.')
  for (let length = parts.length; length > 0; length--) {
    const support = supports?.[parts.slice(0, length).join('.')]
    if (support !== undefined) return support
  }
  return enforced
}

/** The fields of these limits that the driver does not strictly enforce here. */
export function judgeField(
  driver: Driver,
  supports: LimitSupports | undefined,
  limits: ParsedLimits,
): readonly FieldVerdict[] {
  return limitFields(limits).flatMap((field): FieldVerdict[] => {
    const support = supportOf(supports, field)
    if (support.level === 'enforced') return []
    if (support.level === 'unsupported') return [{ field, ...support }]
    const why = support.note ?? `${driver.name} cannot promise more`
    return [{ field, level: support.level, why, fix: undefined }]
  })
}

/** The error for a field that is asked for and not strictly enforced. */
export function unsupportedField(driver: Driver, verdict: FieldVerdict): CaissonError {
  const { field, level, why, fix } = verdict
  return new CaissonError({
    code: 'ERR_UNSUPPORTED',
    what: level === 'unsupported' ? 'limit not enforceable here' : 'limit not strictly enforceable',
    subject: field,
    field: `limits.${field}`,
    why: `${driver.name}: ${why}`,
    fix:
      fix ??
      "Leave it out, or pass `onUnsupported: 'warn'` to createEngine(): results say it then.",
    driver: driver.name,
  })
}

/** The error for a limit that no driver declares. */
export function undeclared(key: string, drivers: readonly Driver[]): CaissonError {
  const able = drivers.filter(({ limits }) => limits.length > 0)
  const have = able.map(({ name, limits }) => `${name} (${limits.join(', ')})`)
  return new CaissonError({
    code: 'ERR_UNSUPPORTED',
    what: 'limit not enforceable',
    subject: key,
    field: `limits.${key}`,
    why:
      have.length === 0 ? 'this engine has no limiter' : `none of ${have.join(', ')} declares it`,
    fix: `Add a limiter that declares \`${key}\` to \`limiters\` of createEngine(), or leave the limit out.`,
    driver: able.map(({ name }) => name).join(', ') || undefined,
  })
}
