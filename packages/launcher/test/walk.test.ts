import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import type { DirectoryJail, Launcher, WalkEvent, WalkOptions } from '@caisson/core'
import { expect } from 'chai'
import { MalformedFrame } from '../dist/codec.js'
import { createLauncher } from '../dist/index.js'
import { parseWalk } from '../dist/files/walk-records.js'
import { bytes, errorOf, Place } from './jail-place.js'

const MiB = 1024 * 1024

/** Names in their order, with how much of content came, or none where it is left out. */
async function told(jail: DirectoryJail, options?: WalkOptions): Promise<readonly string[]> {
  const lines: string[] = []
  let came = 0
  let name = ''
  const end = (): void => {
    if (name !== '') lines.push(`${name} ${came < 0 ? 'left out' : came}`)
  }
  for await (const events of jail.walk(options)) {
    for (const event of events) {
      if (event.kind === 'content') came += event.bytes.length
      else {
        end()
        name = Buffer.from(event.path).toString('latin1')
        came = event.contentBytes === undefined ? -1 : 0
      }
    }
  }
  end()
  return lines
}

describe('DirectoryJail.walk', () => {
  let launcher: Launcher
  let place: Place
  let jail: DirectoryJail

  before(() => {
    launcher = createLauncher()
  })
  after(() => launcher[Symbol.asyncDispose]())
  beforeEach(async () => {
    place = new Place()
    jail = await place.openJail(launcher)
  })
  afterEach(async () => {
    for (const name of fs.readdirSync(place.path, 'buffer')) await jail.files.remove(name, true)
    await jail[Symbol.asyncDispose]()
    place.expectUntouched()
    place[Symbol.dispose]()
  })

  function write(name: string, content: string | Buffer = ''): void {
    fs.writeFileSync(place.at(name), content)
  }

  it('tells all there is, parents first, by the bytes of names', async () => {
    for (const name of ['b', 'b/c', 'empty', 'b-']) fs.mkdirSync(place.at(name))
    write('b/c/deep', 'deep')
    write('b/0', Buffer.alloc(3 * MiB + 5, 'large'))
    write('a', 'a')
    write('z')
    fs.symlinkSync('nowhere', place.at('Link'))
    fs.writeFileSync(Buffer.concat([bytes(`${place.path}/`), Buffer.from([0xff])]), 'raw')
    expect(await told(jail)).to.deep.equal([
      '. 0',
      'Link 0',
      'a 1',
      'b 0',
      `b/0 ${3 * MiB + 5}`,
      'b/c 0',
      'b/c/deep 4',
      'b- 0',
      'empty 0',
      'z 0',
      '\xff 3',
    ])
  })

  it('tells each entry as `get` does, and its content', async () => {
    write('f', 'content')
    fs.chmodSync(place.at('f'), 0o4711)
    await jail.setXattr(bytes('f'), 'user.one', bytes('1'))
    const events: WalkEvent[] = []
    for await (const some of jail.walk()) events.push(...structuredClone(some))
    const [, entry, content] = events
    if (entry?.kind !== 'entry' || content?.kind !== 'content') throw new Error('no such events')
    const { content: _, ...want } = structuredClone(await jail.get(bytes('f')))
    const { content: __, ...found } = entry.found
    expect({ ...found, status: { ...found.status, atimeNs: 0n } }).to.deep.equal({
      ...want,
      status: { ...want.status, atimeNs: 0n },
    })
    expect(entry.contentBytes).to.equal(7)
    expect(Buffer.from(content.bytes).toString()).to.equal('content')
    expect(events).to.have.lengthOf(3)
  })

  it('leaves out what has holes, when asked to, and what is large and has several names', async () => {
    write('holes')
    fs.truncateSync(place.at('holes'), MiB)
    write('large', Buffer.alloc(MiB))
    fs.linkSync(place.at('large'), place.at('large too'))
    write('small', 'x')
    fs.linkSync(place.at('small'), place.at('small too'))
    const rest = ['large left out', 'large too left out', 'small 1', 'small too 1']
    expect(await told(jail)).to.deep.equal(['. 0', `holes ${MiB}`, ...rest])
    expect(await told(jail, { omitHoles: true })).to.deep.equal(['. 0', 'holes left out', ...rest])
  })

  it('goes on in many places at once, and ends where it is left', async () => {
    for (let i = 0; i < 300; i++) write(`file ${1000 + i}`, Buffer.alloc(5000))
    for (let i = 0; i < 20; i++)
      for await (const events of jail.walk()) if (events.length > 0) break
    const all = await Promise.all(Array.from({ length: 20 }, () => told(jail)))
    for (const lines of all) {
      expect(lines).to.have.lengthOf(301)
      expect(lines.slice(1).every((line) => line.endsWith(' 5000'))).to.equal(true)
    }
  })

  it('fails when a file becomes shorter while it is told', async () => {
    write('large', Buffer.alloc(64 * MiB))
    const walking = async (): Promise<void> => {
      for await (const events of jail.walk()) {
        if (events.length > 0) fs.truncateSync(place.at('large'), 0)
      }
    }
    const error = await errorOf(walking())
    expect([error.code, error.errno]).to.deep.equal(['ERR_FILE_IO', 'ENODATA'])
    expect(error.message).to.contain('large')
    expect(await told(jail)).to.deep.equal(['. 0', 'large 0'])
  })

  it('says where names become too long for the kernel', async () => {
    const name = 'd'.repeat(250)
    const script = `for (let i = 0; i < 20; i++) fs.mkdirSync('${name}'), process.chdir('${name}')`
    execFileSync(process.execPath, ['-e', script], { cwd: place.path })
    const error = await errorOf(told(jail))
    expect([error.code, error.errno]).to.deep.equal(['ERR_FILE_LIMIT', 'ENAMETOOLONG'])
  })

  it('ends with its server', async () => {
    write('large', Buffer.alloc(4 * MiB))
    const walking = async (): Promise<void> => {
      for await (const events of jail.walk())
        if (events.length > 0) await jail[Symbol.asyncDispose]()
    }
    expect((await errorOf(walking())).code).to.equal('ERR_DISPOSED')
    const again = await launcher.jail?.(place.path)
    if (again) jail = again
  })
})

function record(kind: number, body: Buffer, length = body.length): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt32LE(kind, 0)
  head.writeUInt32LE(length, 4)
  return Buffer.concat([head, body])
}

describe('parseWalk', () => {
  it('keeps what came before a failure', () => {
    const failed = Buffer.concat([Buffer.from([2, 0, 0, 0]), bytes('a/b')])
    const { events, failure } = parseWalk(
      Buffer.concat([record(1, bytes('content')), record(2, failed)]),
    )
    expect(events.map(({ kind }) => kind)).to.deep.equal(['content'])
    expect(failure).to.include({ code: 'ERR_FILE_NOT_FOUND', subject: 'a/b', syscall: 'walk' })
  })

  it('refuses what is cut off or unknown', () => {
    for (const bad of [
      Buffer.alloc(7),
      record(1, bytes('x'), 2),
      record(0, Buffer.alloc(11)),
      record(0, Buffer.from([200, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])),
      record(2, Buffer.alloc(3)),
      record(3, Buffer.alloc(8)),
    ])
      expect(() => parseWalk(bad)).to.throw(MalformedFrame)
  })
})
