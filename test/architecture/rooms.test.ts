import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { checkout, packageFolders, readPackageJson, readText } from './checkout.js'

interface RoomTable {
  readonly rooms: Readonly<Record<string, readonly string[]>>
  readonly only: Readonly<Record<string, string>>
}

// Our own file, read by the generator of the lint rules too.
const { rooms, only } = JSON.parse(readText('scripts/lint/rooms.json')) as RoomTable
const nameOf = (room: string) => (room === 'caisson' ? 'caisson' : `@caisson/${room}`)

describe('rooms', () => {
  let fixture: string

  before(() => {
    fixture = mkdtempSync(join(tmpdir(), 'caisson-rooms-'))
    copyFileSync(join(checkout, '.oxlintrc.json'), join(fixture, '.oxlintrc.json'))
  })

  after(() => {
    rmSync(fixture, { recursive: true })
  })

  // What the linter says about imports of one file of one line.
  function lint(path: string, imported: string): string {
    const file = join(fixture, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, `export * from '${imported}'\n`)
    const oxlint = join(checkout, 'node_modules/.bin/oxlint')
    const result = spawnSync(oxlint, ['--format', 'unix', path], { cwd: fixture, encoding: 'utf8' })
    rmSync(file)
    return result.stdout + result.stderr
  }

  it('are as many as there are packages', () => {
    expect(Object.keys(rooms).toSorted()).to.deep.equal(packageFolders)
  })

  it('form no circle', () => {
    const visit = (room: string, path: readonly string[]): void => {
      expect(path, [...path, room].join(' -> ')).not.to.include(room)
      for (const next of rooms[room] ?? []) visit(next, [...path, room])
    }
    for (const room of Object.keys(rooms)) visit(room, [])
  })

  for (const folder of packageFolders) {
    const allowed = rooms[folder] ?? []
    const forbidden = packageFolders.filter((other) => other !== folder && !allowed.includes(other))

    it(`packages/${folder} declares no dependency on a room it may not enter`, () => {
      const { dependencies, peerDependencies } = readPackageJson(folder)
      const declared = Object.keys({ ...dependencies, ...peerDependencies })
      const ours = declared.filter((name) => packageFolders.map(nameOf).includes(name))
      expect(allowed.map(nameOf)).to.include.members(ours)
    })

    it(`packages/${folder} is stopped by the linter at the rooms it may not enter`, function () {
      this.timeout(60_000)
      const other = forbidden[0]
      if (other !== undefined) {
        const said = lint(`packages/${folder}/src/probe.ts`, nameOf(other))
        expect(said).to.include('no-restricted-imports')
      }
      const friend = allowed[0]
      if (friend !== undefined) {
        const said = lint(`packages/${folder}/src/probe.ts`, nameOf(friend))
        expect(said).not.to.include('no-restricted-imports')
      }
    })
  }

  it('keep the two isolation drivers apart', () => {
    for (const [one, other] of [
      ['driver-chroot', 'driver-pivotroot'],
      ['driver-pivotroot', 'driver-chroot'],
    ] as const) {
      const said = lint(`packages/${one}/src/probe.ts`, nameOf(other))
      expect(said).to.include('no-restricted-imports')
    }
  })

  for (const [library, place] of Object.entries(only)) {
    it(`keep ${library} in ${place}`, function () {
      // the linter is started for each package
      this.timeout(120_000)
      const inside = place.replace('**', 'probe.ts')
      expect(lint(inside, library)).not.to.include('no-restricted-imports')
      for (const folder of packageFolders) {
        const said = lint(`packages/${folder}/src/probe.ts`, library)
        expect(said, folder).to.include('no-restricted-imports')
      }
    })
  }
})
