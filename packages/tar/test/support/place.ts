import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DirectoryJail, Launcher } from '@caisson/core'
import { unpackTar, type Unpacked, type UnpackOptions } from '@caisson/tar'
import { expect } from 'chai'
import { namesOf } from './describe-tree.js'

/** A directory to unpack into, beside one that nobody may touch. */
export class Place implements AsyncDisposable {
  readonly top: string
  readonly path: string
  readonly jail: DirectoryJail

  private constructor(jail: DirectoryJail, top: string) {
    this.jail = jail
    this.top = top
    this.path = join(top, 'root')
  }

  static async open(launcher: Launcher): Promise<Place> {
    const top = mkdtempSync(join(tmpdir(), 'caisson-tar-'))
    mkdirSync(join(top, 'root'), { mode: 0o700 })
    mkdirSync(join(top, 'canary'))
    writeFileSync(join(top, 'canary/secret'), 'untouched')
    const jail = await launcher.jail?.(join(top, 'root'))
    if (jail === undefined) throw new Error('this launcher has no jail')
    return new Place(jail, top)
  }

  at(name: string): string {
    return join(this.path, name)
  }

  unpack(archive: Buffer, options: UnpackOptions = {}): Promise<Unpacked> {
    return unpackTar(chunks(archive), this.jail, options)
  }

  expectUntouched(): void {
    expect(readdirSync(this.top).toSorted()).to.deep.equal(['canary', 'root'])
    expect(readdirSync(join(this.top, 'canary'))).to.deep.equal(['secret'])
    expect(readFileSync(join(this.top, 'canary/secret'), 'utf8')).to.equal('untouched')
    expect(lstatSync(join(this.top, 'canary/secret')).mode & 0o7777).to.equal(0o644)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // what belongs to other ids only the jail can remove
    for (const name of await namesOf(this.jail, Buffer.from('.'))) {
      await this.jail.files.remove(name, true)
    }
    await this.jail[Symbol.asyncDispose]()
    this.expectUntouched()
    rmSync(this.top, { recursive: true })
  }
}

/** An archive as it comes from a stream: in pieces that end anywhere. */
export async function* chunks(archive: Buffer, size = 10_007): AsyncGenerator<Buffer> {
  for (let at = 0; at < archive.length; at += size) yield archive.subarray(at, at + size)
}
