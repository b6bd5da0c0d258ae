// What the store costs: `node bench/store.mjs [part ...]` runs the parts of bench/store, one after another, e.g. `overlay`.
// A part is a program that prints its own table, or has a function `main` that does.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { printTable } from './table.mjs'

const place = new URL('store/', import.meta.url)
const there = readdirSync(place)
  .filter((name) => name.endsWith('.mjs'))
  .map((name) => name.slice(0, -4))
  .toSorted()
const wanted = process.argv.slice(2)
const unknown = wanted.find((name) => !there.includes(name))
if (unknown !== undefined) {
  console.error(`there is no part ${unknown}; there are ${there.join(', ')}`)
  process.exit(2)
}

function cell(value) {
  if (typeof value === 'number') return String(+value.toFixed(2))
  return value === undefined ? '' : String(value)
}

/** Rows of objects with the same fields. */
function tell(rows) {
  const names = Object.keys(Object.assign({}, ...rows))
  printTable([names, ...rows.map((row) => names.map((name) => cell(row[name])))], 1)
}

let failed = 0
for (const name of wanted.length > 0 ? wanted : there) {
  console.log(`\n${name}`)
  const file = new URL(`${name}.mjs`, place)
  const part = await import(file)
  if (typeof part.main === 'function') await part.main()
  else if (typeof part.unpackBench === 'function') tell((await part.unpackBench()).rows)
  else if (spawnSync(process.execPath, [fileURLToPath(file)], { stdio: 'inherit' }).status !== 0)
    failed++
}
process.exitCode = failed
