import { invalidArgument } from '../errors/invalid-argument.js'

/** What may stand in a template: one argument or a part of one; an array is several arguments. */
export type TemplateValue = string | number | readonly (string | number)[]

const shellOnly = new Set('|&;<>()`$*?[')

/** Collects arguments character by character. */
class ArgvBuilder {
  readonly argv: string[] = []
  #word: string | undefined

  add(text: string): void {
    this.#word = (this.#word ?? '') + text
  }

  get inWord(): boolean {
    return this.#word !== undefined
  }

  endWord(): void {
    if (this.#word !== undefined) this.argv.push(this.#word)
    this.#word = undefined
  }
}

function refuse(why: string): TypeError {
  return invalidArgument({
    field: 'template',
    why,
    fix: 'Quote it, pass it as ${value}, or use sh() for a shell.',
  })
}

/** Reads literal text; returns the quote that is open at its end. */
function readLiteral(text: string, quote: string, into: ArgvBuilder): string {
  let open = quote
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i)
    if (open !== '') {
      if (char === open) open = ''
      else if (open === '"' && /^\\["\\]/.test(text.slice(i, i + 2))) into.add(text.charAt(++i))
      else into.add(char)
    } else if (char === '"' || char === "'") {
      open = char
      into.add('')
    } else if (char === '\\') {
      if (i + 1 === text.length) throw refuse('ends in a backslash')
      into.add(text.charAt(++i))
    } else if (/\s/.test(char)) into.endWord()
    else if (shellOnly.has(char)) throw refuse(`\`${char}\` means nothing without a shell`)
    else into.add(char)
  }
  return open
}

function addValue(value: unknown, index: number, quoted: boolean, into: ArgvBuilder): void {
  if (typeof value === 'string' || typeof value === 'number') {
    into.add(String(value))
    return
  }
  if (!Array.isArray(value)) {
    throw refuse(`value ${index} is neither a string, a number nor an array of them`)
  }
  if (quoted || into.inWord) throw refuse(`value ${index} is an array inside an argument`)
  for (const item of value) {
    if (typeof item !== 'string' && typeof item !== 'number') {
      throw refuse(`value ${index} has an item that is neither a string nor a number`)
    }
    into.add(String(item))
    into.endWord()
  }
}

/**
 * The arguments of a template: literal text is split at blanks, with quotes and backslashes as in a shell; a value is
 * never split nor interpreted, whatever it holds. What only a shell would understand is refused.
 * @throws TypeError ERR_INVALID_SPEC
 */
export function templateArgv(
  strings: readonly string[],
  values: readonly TemplateValue[],
): readonly string[] {
  const builder = new ArgvBuilder()
  let quote = ''
  for (const [index, text] of strings.entries()) {
    quote = readLiteral(text, quote, builder)
    if (index < values.length) {
      const value = values[index]
      addValue(value, index, quote !== '', builder)
      const next = strings[index + 1] ?? ''
      if (Array.isArray(value) && next !== '' && !/^\s/.test(next)) {
        throw refuse(`value ${index} is an array inside an argument`)
      }
    }
  }
  if (quote !== '') throw refuse(`a ${quote} is not closed`)
  builder.endWord()
  return builder.argv
}
