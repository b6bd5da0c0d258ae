import type { Action } from './action.js'
import { libseccompNames } from './architecture.js'
import { at, fieldsOf, listOf, textOf, textsOf, type Fields } from './fields.js'
import { parseAction, parseRule, type ParsedRule } from './parse-rule.js'
import { profileError } from './profile-error.js'

/** A profile, checked; independent of what it is compiled for. */
export interface ParsedProfile {
  readonly otherwise: Action
  readonly flags: number
  /** The architectures that it names, by machine (`undefined`: for all machines); empty: it names none. */
  readonly architectures: readonly {
    readonly machine: string | undefined
    readonly list: readonly string[]
  }[]
  readonly rules: readonly ParsedRule[]
}

const known =
  'comment defaultAction defaultErrno defaultErrnoRet archMap architectures flags syscalls'.split(
    ' ',
  )
const flagBits = new Map([
  ['SECCOMP_FILTER_FLAG_LOG', 2],
  ['SECCOMP_FILTER_FLAG_SPEC_ALLOW', 4],
])

function checkArchitecture(name: string, place: string): string {
  if (libseccompNames.has(name)) return name
  throw profileError(place, `${name} is no architecture`)
}

function parseArchitectures(fields: Fields): ParsedProfile['architectures'] {
  const list = textsOf(fields.get('architectures'), 'architectures')
  const map = listOf(fields.get('archMap'), 'archMap')
  if (list.length > 0 && map.length > 0) {
    throw profileError('archMap', 'stands beside `architectures`', 'Use one of the two.')
  }
  if (list.length > 0) {
    return [
      { machine: undefined, list: list.map((one) => checkArchitecture(one, 'architectures')) },
    ]
  }
  return map.map(([value, place]) => {
    const entry = fieldsOf(value, place, ['architecture', 'subArchitectures'])
    const machine = textOf(entry.get('architecture'), at(place, 'architecture'))
    const more = textsOf(entry.get('subArchitectures'), at(place, 'subArchitectures'))
    for (const one of [machine, ...more]) checkArchitecture(one, place)
    return { machine, list: more }
  })
}

function parseFlags(fields: Fields): number {
  let flags = 0
  for (const name of textsOf(fields.get('flags'), 'flags')) {
    const bit = flagBits.get(name)
    if (bit === undefined) {
      const fix = `Known are ${[...flagBits.keys()].join(' and ')}; a filter is set by one thread before its program starts.`
      throw profileError('flags', `${name} is none that can be given`, fix)
    }
    flags |= bit
  }
  return flags
}

/**
 * Reads a profile of which nothing is known yet.
 * @throws TypeError ERR_SECCOMP_PROFILE, naming the field
 */
export function parseProfile(value: unknown): ParsedProfile {
  const fields = fieldsOf(value, '', known)
  return {
    otherwise: parseAction(fields, '', ['defaultAction', 'defaultErrno', 'defaultErrnoRet']),
    flags: parseFlags(fields),
    architectures: parseArchitectures(fields),
    rules: listOf(fields.get('syscalls'), 'syscalls').map(([rule, place]) =>
      parseRule(rule, place),
    ),
  }
}
