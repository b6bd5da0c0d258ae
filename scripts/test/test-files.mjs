import { readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Every test of this checkout, as compiled. */
export const everything = ['packages/*/dist-test/**/*.test.js', 'test/dist/**/*.test.js']

function matcher(pattern) {
  const source = pattern
    .replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll(/\*\*\/|\*/g, (stars) => (stars === '*' ? '[^/]*' : '(?:.*/)?'))
  return new RegExp(`^${source}$`)
}

function filesBelow(root, folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === 'node_modules') return []
    const path = join(folder, entry.name)
    return entry.isDirectory() ? filesBelow(root, path) : [path]
  })
}

/**
 * Files below `root` that match one of the patterns, which know `*` and `**`; each once, in order.
 * @throws Error for a pattern that matches nothing: a test that is not found is not one that passed
 */
export function testFiles(root, patterns) {
  const found = patterns.flatMap((pattern) => {
    const top = pattern.slice(0, pattern.search(/[^/]*\*|$/))
    if (top === pattern) return [pattern]
    const wanted = matcher(pattern)
    const files = filesBelow(root, top).filter((path) => wanted.test(path))
    if (files.length === 0) throw new Error(`no test is called ${pattern}`)
    return files
  })
  return [...new Set(found)].toSorted((a, b) => (a < b ? -1 : 1))
}
