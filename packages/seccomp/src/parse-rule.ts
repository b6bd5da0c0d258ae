import { errnoNumber, type Action } from './action.js'
import { machineNames } from './architecture.js'
import { at, fieldsOf, listOf, numberOf, oneOf, textOf, textsOf, type Fields } from './fields.js'
import { capabilityNames } from './kernel-tables.generated.js'
import { profileError } from './profile-error.js'

/** A test of one argument, with its numbers in one form. */
export interface ParsedTest {
  readonly index: number
  readonly op: 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge'
  readonly value: bigint
  /** All ones but for a masked comparison. */
  readonly mask: bigint
}

/** When a rule is in force. */
export interface ParsedFilter {
  readonly caps: readonly string[]
  readonly arches: readonly string[]
  readonly minKernel: readonly [number, number] | undefined
}

/** A rule as it is written, checked. */
export interface ParsedRule {
  /** Where it stands, for messages. */
  readonly place: string
  readonly names: readonly string[]
  readonly action: Action
  /** The rule matches a call when all tests of one of these hold. */
  readonly alternatives: readonly (readonly ParsedTest[])[]
  readonly includes: ParsedFilter
  readonly excludes: ParsedFilter
}

const kinds = {
  SCMP_ACT_ALLOW: 'allow',
  SCMP_ACT_LOG: 'log',
  SCMP_ACT_ERRNO: 'errno',
  SCMP_ACT_TRAP: 'trap',
  SCMP_ACT_KILL: 'kill-thread',
  SCMP_ACT_KILL_THREAD: 'kill-thread',
  SCMP_ACT_KILL_PROCESS: 'kill-process',
} as const
const operators = {
  SCMP_CMP_EQ: 'eq',
  SCMP_CMP_NE: 'ne',
  SCMP_CMP_LT: 'lt',
  SCMP_CMP_LE: 'le',
  SCMP_CMP_GT: 'gt',
  SCMP_CMP_GE: 'ge',
  SCMP_CMP_MASKED_EQ: 'eq',
} as const
const ones = (1n << 64n) - 1n
const MAX_ERRNO = 4095
const capabilities = new Set(capabilityNames.trim().split(/\s+/))

function parseErrno(fields: Fields, place: string, name: string, number: string): string | number {
  const given = fields.get(number)
  const value = given === undefined ? undefined : Number(numberOf(given, at(place, number)))
  if (value !== undefined && value > MAX_ERRNO) {
    throw profileError(at(place, number), `${value} is above ${MAX_ERRNO}, the kernel's last`)
  }
  const text = fields.get(name)
  if (text === undefined) return value ?? 'EPERM'
  const errno = textOf(text, at(place, name))
  const known = errnoNumber(errno)
  if (known === undefined) throw profileError(at(place, name), `no error is named ${errno}`)
  if (value !== undefined && value !== known) {
    throw profileError(at(place, number), `${value} is not ${errno}, which is ${known}`)
  }
  return errno
}

/** An action with its error number. @throws TypeError ERR_SECCOMP_PROFILE */
export function parseAction(
  fields: Fields,
  place: string,
  [action, errno, errnoRet]: readonly [string, string, string],
): Action {
  const given = fields.get(action)
  if (given === 'SCMP_ACT_TRACE' || given === 'SCMP_ACT_NOTIFY') {
    const fix =
      'Answer such calls with SCMP_ACT_ERRNO, or compile the filter yourself and pass { bpf }.'
    throw profileError(at(place, action), `${given} needs a supervisor, and there is none`, fix)
  }
  const kind = kinds[oneOf(given, at(place, action), kinds)]
  if (kind === 'errno') return { kind, errno: parseErrno(fields, place, errno, errnoRet) }
  for (const name of [errno, errnoRet]) {
    // some writers fill the field in with its default everywhere
    if (fields.has(name) && fields.get(name) !== 0 && fields.get(name) !== '') {
      throw profileError(at(place, name), 'belongs to SCMP_ACT_ERRNO alone')
    }
  }
  return { kind }
}

function parseTest(value: unknown, place: string): ParsedTest {
  const fields = fieldsOf(value, place, ['index', 'op', 'value', 'valueTwo'])
  const index = Number(numberOf(fields.get('index'), at(place, 'index')))
  if (index > 5) throw profileError(at(place, 'index'), `${index} is none of 0 to 5`)
  const written = oneOf(fields.get('op'), at(place, 'op'), operators)
  const op = operators[written]
  const first = numberOf(fields.get('value'), at(place, 'value'))
  const second = numberOf(fields.get('valueTwo') ?? 0, at(place, 'valueTwo'))
  if (written !== 'SCMP_CMP_MASKED_EQ') {
    if (second === 0n) return { index, op, value: first, mask: ones }
    throw profileError(at(place, 'valueTwo'), 'belongs to SCMP_CMP_MASKED_EQ alone')
  }
  // Such a test could never hold: a slip that would silently drop the rule.
  if ((second & ~first) !== 0n) {
    throw profileError(at(place, 'valueTwo'), 'has bits outside the mask, which is `value`')
  }
  return { index, op, value: second, mask: first }
}

function parseAlternatives(value: unknown, place: string): readonly (readonly ParsedTest[])[] {
  const tests = listOf(value, place).map(([test, where]) => parseTest(test, where))
  const twice = new Set(tests.map(({ index }) => index)).size < tests.length
  return twice ? tests.map((test) => [test]) : [tests]
}

function parseKernel(value: unknown, place: string): readonly [number, number] | undefined {
  if (value === undefined) return undefined
  const found = /^(\d{1,4})\.(\d{1,4})$/.exec(textOf(value, place))
  if (found === null) throw profileError(place, 'must be two numbers, as in 4.8')
  return [Number(found[1]), Number(found[2])]
}

function parseFilter(value: unknown, place: string): ParsedFilter {
  const fields = fieldsOf(value ?? {}, place, ['caps', 'arches', 'minKernel'])
  const caps = textsOf(fields.get('caps'), at(place, 'caps'))
  const arches = textsOf(fields.get('arches'), at(place, 'arches'))
  // A slip in either would silently put a rule into force, or out of it.
  const noCap = caps.find((name) => !capabilities.has(name))
  if (noCap !== undefined) throw profileError(at(place, 'caps'), `${noCap} is no capability`)
  const noArch = arches.find((name) => !machineNames.has(name))
  if (noArch !== undefined) throw profileError(at(place, 'arches'), `${noArch} is no architecture`)
  return { caps, arches, minKernel: parseKernel(fields.get('minKernel'), at(place, 'minKernel')) }
}

const known = 'comment names name action errno errnoRet args includes excludes'.split(' ')

/** @throws TypeError ERR_SECCOMP_PROFILE, naming the place */
export function parseRule(value: unknown, place: string): ParsedRule {
  const fields = fieldsOf(value, place, known)
  const name = fields.get('name')
  if (name !== undefined && name !== '' && fields.has('names')) {
    throw profileError(at(place, 'name'), 'stands beside `names`', 'Use `names` alone.')
  }
  const names = fields.has('names')
    ? textsOf(fields.get('names'), at(place, 'names'))
    : [textOf(name, at(place, 'names'))]
  return {
    place,
    names,
    action: parseAction(fields, place, ['action', 'errno', 'errnoRet']),
    alternatives: parseAlternatives(fields.get('args'), at(place, 'args')),
    includes: parseFilter(fields.get('includes'), at(place, 'includes')),
    excludes: parseFilter(fields.get('excludes'), at(place, 'excludes')),
  }
}
