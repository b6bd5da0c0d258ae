import type { ContainerSpec } from '../spec/container-spec.js'
import {
  containerOnlyFields,
  limitsOf,
  parseContainerFields,
  type ParsedSpec,
  type SpecContext,
} from '../spec/parse-container-spec.js'
import {
  checkRunOptions,
  parseExecFields,
  parseExecOptions,
  type ParsedExec,
} from '../spec/parse-exec-options.js'
import { refuseTwoSizes } from '../spec/refuse-two-sizes.js'

/** Options of a one-shot, parsed. */
export interface ParsedRun {
  readonly container: ContainerSpec
  readonly exec: ParsedExec
}

/**
 * Options of a one-shot. Limits, working directory, environment and user are those of the only command; limits are the
 * container's, so that they hold for everything the command starts.
 * @throws TypeError or RangeError; see `parseContainerSpec` and `parseExecOptions`
 */
export function parseRun(options: unknown, context: SpecContext, defaults: ParsedSpec): ParsedRun {
  if (options === undefined) {
    return {
      container: defaults.container,
      exec: parseExecOptions(undefined, context.declaredLimits),
    }
  }
  const given = checkRunOptions(options)
  const limits = limitsOf(given, context)
  const exec = parseExecFields({ ...given, limits }, context.declaredLimits)
  refuseTwoSizes(given['writable'], exec.limits)
  if (!Object.keys(given).some((name) => containerOnlyFields.has(name))) {
    return { container: Object.freeze({ ...defaults.container, limits: exec.limits }), exec }
  }
  // what concerns the command is parsed already, and may hold what a container's fields may not; but for its user, on whom
  // it may depend how things are mounted
  const fields = Object.fromEntries(
    Object.entries(given).filter(([name]) => name === 'user' || containerOnlyFields.has(name)),
  )
  const { container } = parseContainerFields(fields, context)
  return { container: Object.freeze({ ...container, limits: exec.limits }), exec }
}
