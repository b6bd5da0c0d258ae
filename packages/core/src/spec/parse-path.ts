import type { ErrorCode } from '../errors/codes.js'
import { invalidArgument } from '../errors/invalid-argument.js'
import { parseText } from '../values/parse-text.js'

/**
 * An absolute path without `..`, empty or `.` parts. `..` is refused rather than resolved: what it means depends on
 * links that only the kernel sees.
 * @throws TypeError with the code
 */
export function parseAbsolutePath(value: unknown, field: string, code?: ErrorCode): string {
  if (value === '/') return value
  const text = parseText(value, field, { maxBytes: 4095, ...(code === undefined ? {} : { code }) })
  if (!text.startsWith('/')) {
    throw invalidArgument({ field, code, why: `${JSON.stringify(text)} is not absolute` })
  }
  const parts = text.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..')) {
    throw invalidArgument({ field, code, why: `${JSON.stringify(text)} contains ..` })
  }
  return `/${parts.join('/')}`
}
