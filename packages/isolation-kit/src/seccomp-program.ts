import {
  CaissonError,
  invalidArgument,
  type ContainerSpec,
  type SeccompProfileSpec,
} from '@caisson/core'
import { architectureOf, compileProfile, namedProfile, type ProfileTarget } from '@caisson/seccomp'
import { withCoreLimitHeld } from './core-limit.js'

/** A filter as a step takes it. */
export interface SeccompProgram {
  readonly program: Uint8Array
  readonly flags: number
}

/** What a filter depends on beside its profile. */
export interface FilterFor {
  readonly capabilities: readonly string[]
  /** Whether the caller has asked for a limit on core dumps: else those profiles of ours hold the default. */
  readonly asksCore: boolean
}

type Filter = Exclude<ContainerSpec['seccomp'], 'unconfined'>

// A program that uses more profiles than this compiles some of them again: a millisecond.
const MAX_KEPT = 64
const programs = new Map<string, SeccompProgram>()

function compile(
  filter: Exclude<Filter, { readonly bpf: Uint8Array }>,
  processArch: string,
  { capabilities, asksCore }: FilterFor,
): SeccompProgram {
  const arch = architectureOf(processArch)
  if (arch === undefined || arch === 'x32') {
    throw new CaissonError({
      code: 'ERR_UNSUPPORTED',
      what: 'seccomp',
      subject: typeof filter === 'string' ? filter : 'profile',
      field: 'seccomp',
      why: `no filter can be compiled for ${processArch}`,
      fix: 'Pass a compiled filter, seccomp: { bpf }, or open it by name: seccomp: "unconfined".',
    })
  }
  if (typeof filter === 'string') {
    const profile = namedProfile(filter)
    return compileProfile(asksCore ? profile : withCoreLimitHeld(profile), { arch, capabilities })
  }
  return compileGiven(filter, { arch, capabilities })
}

function textIn(error: object, name: string): string | undefined {
  const value: unknown = Reflect.get(error, name)
  return typeof value === 'string' ? value : undefined
}

/** Errors of the profile with the place that they have in the spec. */
function compileGiven(filter: SeccompProfileSpec, target: ProfileTarget): SeccompProgram {
  const { profile, architectures } = filter
  try {
    return compileProfile(profile, { ...target, architectures })
  } catch (error) {
    if (!(error instanceof Error) || textIn(error, 'code') !== 'ERR_SECCOMP_PROFILE') throw error
    const place = textIn(error, 'field') ?? ''
    throw invalidArgument({
      code: 'ERR_SECCOMP_PROFILE',
      field: place === '' ? 'seccomp.profile' : `seccomp.profile.${place}`,
      why: textIn(error, 'why') ?? error.message,
      fix: textIn(error, 'fix'),
    })
  }
}

/**
 * The filter of system calls for a container; compiled once.
 * @throws CaissonError ERR_UNSUPPORTED on an architecture without a table of system calls; TypeError
 * ERR_SECCOMP_PROFILE for a profile that cannot be meant
 */
export function seccompProgram(
  filter: Filter,
  processArch: string,
  wanted: FilterFor,
): SeccompProgram {
  if (typeof filter !== 'string' && 'bpf' in filter) return { program: filter.bpf, flags: 0 }
  const name = typeof filter === 'string' ? filter : JSON.stringify(filter)
  const key = `${processArch} ${wanted.asksCore} ${wanted.capabilities.join(' ')} ${name}`
  const known = programs.get(key)
  if (known !== undefined) return known
  const { program, flags } = compile(filter, processArch, wanted)
  const made = { program, flags }
  if (programs.size >= MAX_KEPT) programs.clear()
  programs.set(key, made)
  return made
}
