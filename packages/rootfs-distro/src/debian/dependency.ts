import type { VersionOperator } from './compare-versions.js'

/** One package that would do. */
export interface Alternative {
  readonly name: string
  /** The bound on its version; undefined: any. */
  readonly version: { readonly operator: VersionOperator; readonly bound: string } | undefined
}

/** Alternatives, the preferred one first: one of them has to be there. */
export type Dependency = readonly Alternative[]

// name, :any or :native, (op version), [arches], <profiles>
const form =
  /^([a-z0-9][a-z0-9+.-]*)(?::[a-z0-9-]+)?\s*(?:\(\s*(<<|<=|=|>=|>>|<|>)\s*([^\s)]+)\s*\))?\s*(?:\[[^\]]*\])?\s*(?:<[^>]*>\s*)*$/

// Debian Policy 7.1: the old forms < and > mean <= and >=
const operators: Readonly<Record<string, VersionOperator>> = {
  '<<': '<<',
  '<=': '<=',
  '=': '=',
  '>=': '>=',
  '>>': '>>',
  '<': '<=',
  '>': '>=',
}

function parseAlternative(text: string): Alternative | undefined {
  const match = form.exec(text.trim())
  const name = match?.[1]
  if (match === null || name === undefined) return undefined
  const operator = operators[match[2] ?? '']
  const bound = match[3]
  if (operator === undefined || bound === undefined) return { name, version: undefined }
  return { name, version: { operator, bound } }
}

/**
 * The dependencies of a field such as Depends or Provides (Debian Policy 7.1): all of them have to be met. What is not
 * written as the policy says is returned in `unclear`, for the caller to refuse.
 */
export function parseDependencies(field: string): {
  readonly dependencies: readonly Dependency[]
  readonly unclear: readonly string[]
} {
  const dependencies: Dependency[] = []
  const unclear: string[] = []
  for (const clause of field.split(',')) {
    if (clause.trim() === '') continue
    const parsed = clause.split('|').map(parseAlternative)
    const alternatives = parsed.filter((one): one is Alternative => one !== undefined)
    if (alternatives.length === parsed.length) dependencies.push(alternatives)
    else unclear.push(clause.trim())
  }
  return { dependencies, unclear }
}
