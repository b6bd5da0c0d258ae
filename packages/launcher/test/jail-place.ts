import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CaissonError, DirectoryJail, Launcher, NewEntry } from '@caisson/core'
import { expect } from 'chai'

export const bytes = (text: string): Buffer => Buffer.from(text)

export async function errorOf(promise: Promise<unknown>): Promise<CaissonError> {
  try {
    await promise
  } catch (error) {
    return error as CaissonError
  }
  throw new Error('it did not fail')
}

export function entry(
  type: NewEntry['type'],
  path: string,
  more: Partial<NewEntry> = {},
): NewEntry {
  return { type, path: bytes(path), mode: 0o644, ...more }
}

/** A directory to be served, in another that holds what nobody may touch. */
export class Place implements Disposable {
  readonly top = mkdtempSync(join(tmpdir(), 'caisson-jail-'))
  readonly path = join(this.top, 'served')
  readonly canary = join(this.top, 'canary')

  constructor() {
    mkdirSync(this.path, { mode: 0o700 })
    mkdirSync(this.canary)
    writeFileSync(join(this.canary, 'secret'), 'untouched')
  }

  async openJail(launcher: Launcher): Promise<DirectoryJail> {
    const jail = await launcher.jail?.(this.path)
    if (jail === undefined) throw new Error('this launcher has no jail')
    return jail
  }

  at(name: string): string {
    return join(this.path, name)
  }

  expectUntouched(): void {
    expect(readdirSync(this.top).toSorted()).to.deep.equal(['canary', 'served'])
    expect(readdirSync(this.canary)).to.deep.equal(['secret'])
    expect(readFileSync(join(this.canary, 'secret'), 'utf8')).to.equal('untouched')
    expect(lstatSync(join(this.canary, 'secret')).mode & 0o7777).to.equal(0o644)
  }

  [Symbol.dispose](): void {
    rmSync(this.top, { recursive: true })
  }
}

/** Every way that is known to lead out of a directory that is unpacked; some fail, none may work. */
export async function tryToLeave(jail: DirectoryJail, place: Place): Promise<void> {
  const up = '../../../../../../../../../../..'
  symlinkSync(place.canary, place.at('absolute'))
  symlinkSync('../canary', place.at('relative'))
  symlinkSync('../canary/secret', place.at('file'))
  const attempts: readonly NewEntry[] = [
    entry('file', '../escaped', { content: bytes('x') }),
    entry('file', `${up}${place.top}/escaped`, { content: bytes('x') }),
    entry('file', `${place.top}/escaped`, { content: bytes('x') }),
    entry('file', 'absolute/new', { content: bytes('x') }),
    entry('file', 'absolute/secret', { content: bytes('x'), replace: true }),
    entry('file', 'relative/new', { content: bytes('x') }),
    entry('directory', 'relative/new', { mode: 0o777 }),
    entry('directory', 'relative', { mode: 0o777, throughLink: true }),
    entry('symlink', 'relative/link', { target: bytes('/etc') }),
    entry('hardlink', 'stolen', { target: bytes('relative/secret') }),
    entry('hardlink', 'stolen', { target: bytes(`${place.canary}/secret`) }),
    entry('hardlink', 'stolen', { target: bytes(`${up}${place.canary}/secret`) }),
    entry('fifo', 'absolute/fifo'),
  ]
  for (const attempt of attempts) await jail.make(attempt).catch(() => {})
  const others: readonly (() => Promise<unknown>)[] = [
    () => jail.files.remove(bytes('relative/secret'), true),
    () => jail.files.set(bytes('file'), { mode: 0o777 }, true),
    () => jail.files.rename(bytes('relative/secret'), bytes('stolen')),
    () => jail.setXattr(bytes('relative/secret'), 'user.x', bytes('x')),
    async () => (await jail.open(bytes('file'), { access: 'write', truncate: true })).close(),
  ]
  for (const other of others) await other().catch(() => {})
  for (const path of ['relative/secret', 'absolute/secret', 'file', `..${place.canary}/secret`]) {
    const found = await jail.get(bytes(path), 1000).catch(() => undefined)
    expect(String(found?.content), path).not.to.equal('untouched')
  }
  // followed inside the directory, that path exists there only
  place.expectUntouched()
}
