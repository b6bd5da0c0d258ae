const colour = process.stdout.isTTY && process.env['NO_COLOR'] === undefined
const paint = (code: number, text: string) => (colour ? `\u001B[${code}m${text}\u001B[0m` : text)

let failed = 0

/** A heading of one lesson. */
export function lesson(number: number, title: string): void {
  console.log(`\n${paint(1, `${number}. ${title}`)}`)
}

/** A command as a person would type it, and what it said. */
export function shown(command: string, output: string): void {
  console.log(`   ${paint(36, `$ ${command}`)}`)
  for (const line of output.trimEnd().split('\n').filter(Boolean)) console.log(`   ${line}`)
}

/** A remark in small print. */
export function note(text: string): void {
  console.log(`   ${paint(2, text)}`)
}

/** States a claim and whether it holds; one that does not makes the demo fail. */
export function check(claim: string, holds: boolean, otherwise = ''): void {
  if (!holds) failed++
  const mark = holds ? paint(32, '✓') : paint(31, '✗')
  console.log(`   ${mark} ${claim}${holds || otherwise === '' ? '' : `: ${otherwise}`}`)
}

/** How many claims did not hold. */
export const failures = (): number => failed
