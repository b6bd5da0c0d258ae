import { release } from 'node:os'
import { architectureFacts, architectureNamed, type Architecture } from './architecture.js'
import type { ParsedProfile } from './parse-profile.js'
import type { ParsedFilter, ParsedRule } from './parse-rule.js'

/** What a profile is compiled for. */
export interface ProfileTarget {
  /** The machine's. */
  readonly arch: Exclude<Architecture, 'x32'>
  /** Names without CAP_ of the capabilities that the container keeps in its bounding set. */
  readonly capabilities: readonly string[]
  /** Compared with `minKernel`, e.g. `6.12`. Default: this machine's. */
  readonly kernel?: string
  /**
   * By which conventions programs may call. `native` (default): the machine's own alone, whatever the profile lists; every
   * other one is a second kernel interface, with its own ways round a rule. `profile`: those that it lists for this machine
   * too, each filtered by its own numbers. All others kill the process.
   */
  readonly architectures?: 'native' | 'profile'
}

function kernelOf(target: ProfileTarget): readonly [number, number] {
  const found = /^(\d+)\.(\d+)/.exec(target.kernel ?? release())
  return [Number(found?.[1] ?? 0), Number(found?.[2] ?? 0)]
}

function isAtLeast(
  [major, minor]: readonly [number, number],
  least: readonly [number, number],
): boolean {
  return major > least[0] || (major === least[0] && minor >= least[1])
}

/** The rules that hold on this machine for these capabilities. */
export function rulesInForce(profile: ParsedProfile, target: ProfileTarget): readonly ParsedRule[] {
  const caps = new Set(target.capabilities.map((name) => `CAP_${name}`))
  const kernel = kernelOf(target)
  const isOneOf = (arches: readonly string[]) =>
    arches.some((name) => architectureFacts[target.arch].names.includes(name))
  const included = ({ caps: all, arches, minKernel }: ParsedFilter) =>
    all.every((name) => caps.has(name)) &&
    (arches.length === 0 || isOneOf(arches)) &&
    (minKernel === undefined || isAtLeast(kernel, minKernel))
  const excluded = ({ caps: any, arches, minKernel }: ParsedFilter) =>
    any.some((name) => caps.has(name)) ||
    isOneOf(arches) ||
    (minKernel !== undefined && isAtLeast(kernel, minKernel))
  return profile.rules.filter(({ includes, excludes }) => included(includes) && !excluded(excludes))
}

/** The architectures other than its own that the profile lists for this machine. */
export function foreignNames(profile: ParsedProfile, target: ProfileTarget): readonly string[] {
  const own = architectureFacts[target.arch].libseccomp
  return profile.architectures
    .filter(({ machine }) => machine === undefined || machine === own)
    .flatMap(({ list }) => list)
    .filter((name) => name !== own)
}

/** The architectures by whose conventions programs may call; this machine's own comes first. */
export function callableArchitectures(
  profile: ParsedProfile,
  target: ProfileTarget,
): readonly Architecture[] {
  if (target.architectures !== 'profile') return [target.arch]
  const list: Architecture[] = []
  for (const arch of [target.arch, ...foreignNames(profile, target).map(architectureNamed)]) {
    if (arch === undefined || list.includes(arch)) continue
    list.push(arch)
  }
  return list
}
