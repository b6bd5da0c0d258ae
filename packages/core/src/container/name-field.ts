import type { ErrorCode } from '../errors/codes.js'
import { isCaissonError } from '../errors/is-caisson-error.js'
import type { ParsedExec } from '../spec/parse-exec-options.js'

const fields: Readonly<Partial<Record<ErrorCode, string>>> = {
  ERR_ARGV_TOO_LARGE: 'argv',
  ERR_COMMAND_NOT_FOUND: 'argv[0]',
  ERR_COMMAND_NOT_EXECUTABLE: 'argv[0]',
  ERR_CWD: 'cwd',
  ERR_USER_NOT_FOUND: 'user',
}

/** Names the option that a failed start is about: drivers know steps, callers know options. */
export function nameField(error: unknown, options: ParsedExec): void {
  if (!isCaissonError(error) || error.field !== undefined || !Object.isExtensible(error)) return
  const group = options.groups?.indexOf(error.subject ?? '') ?? -1
  const isGroup = error.code === 'ERR_USER_NOT_FOUND' && group >= 0
  const field = isGroup ? `groups[${group}]` : fields[error.code]
  if (field !== undefined) Object.defineProperty(error, 'field', { value: field, enumerable: true })
}
