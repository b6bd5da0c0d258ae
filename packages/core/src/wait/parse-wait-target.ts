import { invalidArgument } from '../errors/invalid-argument.js'
import { checkFields, plainObject } from '../spec/check-fields.js'
import { parseArgv } from '../spec/parse-argv.js'
import { parseAbsolutePath } from '../spec/parse-path.js'
import { describeType } from '../values/describe-type.js'
import { parseInteger } from '../values/parse-number.js'
import { parseText } from '../values/parse-text.js'
import type { Exec } from '../container/exec.js'

/** A `WaitTarget`, parsed. */
export type ParsedTarget =
  | { readonly kind: 'port'; readonly port: number; readonly host: string | undefined }
  | {
      readonly kind: 'log'
      readonly log: string | RegExp
      readonly of: Exec<string | Uint8Array>
    }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'http'; readonly url: string; readonly status: number | undefined }
  | { readonly kind: 'cmd'; readonly argv: readonly string[] }

type Fields = Readonly<Record<string, unknown>>

const fieldsOf = {
  port: ['port', 'host'],
  log: ['log', 'of'],
  file: ['file'],
  http: ['http', 'status'],
  cmd: ['cmd'],
} as const

const statusRange = { min: 100, max: 599 }

function parseHost(value: unknown): string | undefined {
  if (value === undefined) return undefined
  const text = parseText(value, 'host')
  const literal = text.includes(':') ? `[${text}]` : text
  const url = URL.canParse(`http://${literal}`) ? new URL(`http://${literal}`) : undefined
  const address = url?.hostname.replaceAll(/[[\]]/g, '') ?? ''
  if (/^[\d.]+$/.test(address) || address.includes(':')) return address
  throw invalidArgument({
    field: 'host',
    why: 'must be an IP address: there are no names in a table of sockets',
  })
}

function parseUrl(value: unknown): string {
  const text = parseText(value, 'http')
  if (URL.canParse(text) && /^https?:/.test(text)) return text
  throw invalidArgument({
    field: 'http',
    why: 'must be a URL that starts with http:// or https://',
  })
}

function isExec(value: unknown): value is Exec<string | Uint8Array> {
  return (
    typeof value === 'object' && value !== null && Symbol.asyncIterator in value && 'lines' in value
  )
}

function parseLog({ log, of }: Fields): ParsedTarget {
  if (!isExec(of)) {
    throw invalidArgument({ field: 'of', why: `must be an Exec, not ${describeType(of)}` })
  }
  if (log instanceof RegExp) return { kind: 'log', log, of }
  return { kind: 'log', log: parseText(log, 'log'), of }
}

const parsers: Readonly<Record<ParsedTarget['kind'], (given: Fields) => ParsedTarget>> = {
  port: ({ port, host }) => ({
    kind: 'port',
    port: parseInteger(port, 'port', { min: 1, max: 65_535 }),
    host: parseHost(host),
  }),
  log: parseLog,
  file: ({ file }) => ({ kind: 'file', path: parseAbsolutePath(file, 'file') }),
  http: ({ http, status }) => ({
    kind: 'http',
    url: parseUrl(http),
    status: status === undefined ? undefined : parseInteger(status, 'status', statusRange),
  }),
  cmd: ({ cmd }) => ({ kind: 'cmd', argv: parseArgv(cmd) }),
}

/** @throws TypeError or RangeError ERR_INVALID_SPEC, naming the field */
export function parseWaitTarget(value: unknown): ParsedTarget {
  const given = plainObject(value, 'target')
  const kinds = (['port', 'log', 'file', 'http', 'cmd'] as const).filter((kind) => kind in given)
  const [kind] = kinds
  if (kind === undefined || kinds.length > 1) {
    const why = 'must have exactly one of `port`, `log`, `file`, `http`, `cmd`'
    throw invalidArgument({ field: 'target', why })
  }
  checkFields(given, '', new Set(fieldsOf[kind]))
  return parsers[kind](given)
}
