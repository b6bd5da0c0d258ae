import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isCaissonError, type Launcher } from '@caisson/core'
import { exactCases } from './exact-cases.js'
import { hostileCases } from './hostile-cases.js'
import { sparseCases } from './sparse-cases.js'
import type { TableCase } from './table-case.js'

/** All that the table has, in its order. */
export const tableCases: readonly TableCase[] = [...exactCases, ...sparseCases, ...hostileCases]

/** Unpacks an archive into an empty directory; rejects when it refuses to. */
export type Unpack = (archive: string, directory: string) => Promise<void>

/** What came of it. `accepted`: it should have been refused. */
export interface Verdict {
  readonly is: 'exact' | 'refused' | 'wrong' | 'accepted' | 'ESCAPED'
  /** Whether that is what it should be. */
  readonly right: boolean
  /** What was wrong, or why it was refused. */
  readonly why: string
}

async function faultOf(
  one: TableCase,
  launcher: Launcher,
  root: string,
): Promise<string | undefined> {
  const jail = await launcher.jail?.(root, { readOnly: true })
  if (jail === undefined) throw new Error('this launcher has no jail')
  try {
    const look = (name: string) =>
      jail.get(Buffer.from(name, 'latin1'), 1000).catch((error: unknown) => {
        if (isCaissonError(error, 'ERR_FILE_NOT_FOUND')) return undefined
        if (isCaissonError(error, 'ERR_FILE_TYPE')) return undefined
        throw error
      })
    return await one.fault?.(look, root)
  } finally {
    await jail[Symbol.asyncDispose]()
  }
}

/** What belongs to other ids only a jail can remove. */
async function clear(launcher: Launcher, root: string): Promise<void> {
  const jail = await launcher.jail?.(root)
  await jail?.files.set(Buffer.from('.'), { mode: 0o700 }, false)
  for (const name of fs.readdirSync(root, 'buffer')) await jail?.files.remove(name, true)
  await jail?.[Symbol.asyncDispose]()
}

function touched(top: string): boolean {
  const canary = join(top, 'canary')
  const names = fs.readdirSync(canary).toString()
  const { nlink, mode } = fs.lstatSync(join(canary, 'secret'))
  const content = fs.readFileSync(join(canary, 'secret'), 'utf8')
  return names !== 'secret' || content !== 'untouched' || nlink !== 1 || (mode & 0o777) !== 0o600
}

/** One row of the table for one program. */
export async function judge(one: TableCase, unpack: Unpack, launcher: Launcher): Promise<Verdict> {
  const top = fs.mkdtempSync(join(tmpdir(), 'caisson-table-'))
  const root = join(top, 'root')
  try {
    fs.mkdirSync(root)
    fs.mkdirSync(join(top, 'canary'))
    fs.writeFileSync(join(top, 'canary/secret'), 'untouched', { mode: 0o600 })
    fs.writeFileSync(join(top, 'archive.tar'), one.archive())
    const failure = await unpack(join(top, 'archive.tar'), root).then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    )
    if (touched(top)) return { is: 'ESCAPED', right: false, why: failure ?? '' }
    const wanted = one.fault === undefined ? 'refused' : 'exact'
    if (failure !== undefined) return { is: 'refused', right: wanted === 'refused', why: failure }
    if (wanted === 'refused') return { is: 'accepted', right: false, why: '' }
    const fault = await faultOf(one, launcher, root)
    return {
      is: fault === undefined ? 'exact' : 'wrong',
      right: fault === undefined,
      why: fault ?? '',
    }
  } finally {
    await clear(launcher, root)
    fs.rmSync(top, { recursive: true })
  }
}
