import { CaissonError } from '../errors/caisson-error.js'
import { describeType } from '../values/describe-type.js'
import { escapes } from './escapes.js'

const kinds: readonly unknown[] = ['rootfs', 'isolation', 'limiter']
const nameForm = /^[a-z][a-z0-9-]{0,63}$/
const schemeForm = /^[a-z][a-z0-9+.-]{0,31}$/
const escapeForm = new RegExp(`^(${Object.keys(escapes).join('|')})$`)
const known: ReadonlySet<string> = new Set(
  'kind name apiVersion schemes limits features notHeld modules inject probe create'.split(' '),
)

function bad(name: unknown, field: string, why: string): CaissonError {
  const driver = typeof name === 'string' ? name : undefined
  return new CaissonError({
    code: 'ERR_DRIVER',
    what: 'driver',
    subject: driver,
    field,
    why,
    driver,
  })
}

function checkStrings(name: string, field: string, value: unknown, form: RegExp): number {
  if (value === undefined) return 0
  if (!Array.isArray(value)) throw bad(name, field, `\`${field}\` must be an array`)
  for (const item of value) {
    if (typeof item !== 'string' || !form.test(item)) {
      throw bad(name, field, `\`${field}\` has ${JSON.stringify(item)}`)
    }
  }
  if (new Set(value).size !== value.length) throw bad(name, field, `\`${field}\` names one twice`)
  return value.length
}

function checkKind(name: string, definition: Record<string, unknown>): void {
  const kind = definition['kind']
  const schemes = checkStrings(name, 'schemes', definition['schemes'], schemeForm)
  const limits = checkStrings(name, 'limits', definition['limits'], /^[a-zA-Z]+$/)
  checkStrings(name, 'features', definition['features'], /^[a-zA-Z]+$/)
  const notHeld = checkStrings(name, 'notHeld', definition['notHeld'], escapeForm)
  if (kind !== 'isolation' && notHeld > 0)
    throw bad(name, 'notHeld', 'only isolation has `notHeld`')
  if (kind === 'rootfs' && schemes === 0) throw bad(name, 'schemes', 'a rootfs needs `schemes`')
  if (kind !== 'rootfs' && schemes > 0) throw bad(name, 'schemes', 'only a rootfs has `schemes`')
  if (kind === 'limiter' && limits === 0) throw bad(name, 'limits', 'a limiter needs `limits`')
  if (kind === 'rootfs' && limits > 0) throw bad(name, 'limits', 'a rootfs has no `limits`')
}

function isModule(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('install' in value)) return false
  return typeof value.install === 'function'
}

/** @throws CaissonError ERR_DRIVER */
export function checkDriverDefinition(value: object): void {
  const definition: Record<string, unknown> = { ...value }
  const name = definition['name']
  if (typeof name !== 'string' || !nameForm.test(name)) {
    throw bad(name, 'name', '`name` must be lower case letters, digits and -')
  }
  for (const field of Object.keys(definition)) {
    if (!known.has(field)) throw bad(name, field, `unknown field \`${field}\``)
  }
  if (!kinds.includes(definition['kind'])) {
    throw bad(name, 'kind', '`kind` must be rootfs, isolation or limiter')
  }
  if (definition['apiVersion'] !== 1) {
    throw bad(
      name,
      'apiVersion',
      `\`apiVersion\` must be 1, not ${String(definition['apiVersion'])}`,
    )
  }
  checkKind(name, definition)
  for (const field of ['probe', 'create']) {
    if (typeof definition[field] !== 'function') {
      throw bad(
        name,
        field,
        `\`${field}\` must be a function, not ${describeType(definition[field])}`,
      )
    }
  }
  const modules = definition['modules'] ?? []
  if (!Array.isArray(modules) || !modules.every(isModule)) {
    throw bad(name, 'modules', '`modules` must be an array of { name, install }')
  }
}
