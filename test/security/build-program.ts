import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkout } from '../architecture/checkout.js'

const compilers: readonly (readonly string[])[] = [
  ['cc', '-static'],
  [
    'musl-gcc',
    '-static',
    '-idirafter',
    '/usr/include',
    '-idirafter',
    `/usr/include/${multiarch()}`,
  ],
]

const built = new Map<string, string>()

/** Debian's name of the machine, below which it keeps asm/. */
function multiarch(): string {
  return `${process.arch === 'x64' ? 'x86_64' : 'aarch64'}-linux-gnu`
}

/**
 * A program for tests out of all C files of a directory of this checkout: static, so that it runs in an empty root. Made once a
 * process.
 * @returns undefined where no compiler of this host links statically
 */
export function buildProgram(name: string, directory: string): string | undefined {
  const known = built.get(name)
  if (known !== undefined) return known
  const sources = join(checkout, directory)
  const place = mkdtempSync(join(tmpdir(), `caisson-${name}-`))
  process.once('exit', () => rmSync(place, { recursive: true, force: true }))
  const program = join(place, name)
  const files = readdirSync(sources).filter((file) => file.endsWith('.c'))
  const flags = ['-std=gnu11', '-O1', '-Wall', '-Wextra', '-Werror', '-o', program, ...files]
  let said = ''
  for (const [compiler = '', ...how] of compilers) {
    const { status, stderr, error } = spawnSync(compiler, [...how, ...flags], {
      cwd: sources,
      encoding: 'utf8',
    })
    if (status === 0) {
      built.set(name, program)
      return program
    }
    said += `${compiler}: ${error?.message ?? stderr}\n`
  }
  // A fault of the program itself is no missing compiler.
  if (/\.[ch]:\d+:\d+: error/.test(said)) throw new Error(said)
  return undefined
}
