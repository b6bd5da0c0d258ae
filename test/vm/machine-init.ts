import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { checkout } from '../architecture/checkout.js'

const sources = join(checkout, 'test/vm/guest')

/** Pid 1 of the machine, compiled once for each state of its sources; its path. */
export function machineInit(): string {
  const names = readdirSync(sources).toSorted()
  const hash = createHash('sha256')
  for (const name of names) hash.update(`${name}\0`).update(readFileSync(join(sources, name)))
  const folder = join(checkout, '.caisson/vm')
  const program = join(folder, `init-${hash.digest('hex').slice(0, 16)}`)
  if (existsSync(program)) return program
  mkdirSync(folder, { recursive: true })
  const fresh = `${program}.${process.pid}`
  const flags = ['-std=gnu11', '-D_GNU_SOURCE=', '-Wall', '-Wextra', '-O1', '-static', '-o', fresh]
  const files = names.filter((name) => name.endsWith('.c')).map((name) => join(sources, name))
  const compiler = process.env['CC'] ?? 'cc'
  const done = spawnSync(compiler, [...flags, ...files], { encoding: 'utf8' })
  if (done.status !== 0) throw new Error(`${compiler}: ${done.stderr}${done.error?.message ?? ''}`)
  renameSync(fresh, program)
  return program
}
