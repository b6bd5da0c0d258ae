// CVE-2018-15664, CVE-2019-14271 class: what a container leaves behind is read by the caller. Links to the host, loops, deep
// trees, names of any bytes, marks of an overlay: the list of changes follows none, and says what is so.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { createEngine } from 'caisson'
import type { Escape } from '@caisson/core'
import { buildAttacker } from '../build-attacker.js'
import { EscapeRoot } from '../escape-root.js'
import { isolations } from '../isolations.js'
import { readOutcomes } from '../outcomes.js'
import { fingerprint, makeCanary, Place } from '../../e2e/file-fixtures.js'

const idea: Escape = 'changes'

describe(`escape: what is left in the writable layer (${idea})`, function () {
  this.timeout(60_000)
  let root: EscapeRoot
  let place: Place
  let canary: string

  before(function () {
    const attacker = buildAttacker()
    if (attacker === undefined) return this.skip()
    root = new EscapeRoot(attacker)
    mkdirSync(join(root.path, 'marked/below'), { recursive: true })
    writeFileSync(join(root.path, 'marked/file'), 'of the root')
    place = new Place()
    canary = makeCanary(place)
    return undefined
  })
  after(() => {
    root?.[Symbol.dispose]()
    place?.[Symbol.dispose]()
  })

  for (const { title, make } of isolations) {
    it(`is listed as it is, and leads nowhere: ${title}`, async () => {
      const untouched = fingerprint(canary)
      const driver = make()
      expect(driver.notHeld).to.not.include(idea)
      await using engine = await createEngine({
        isolation: driver,
        from: `dir:${root.path}`,
        stateDir: root.stateDir,
      })
      await using container = await engine.create()
      const { stdout } = await container.exec('/bin/attacker', ['leavings', '/marked', canary])
      // where no attribute is to be had, there is nothing to be led astray by
      const [mark, ...rest] = readOutcomes(stdout).values()
      expect(mark).to.be.oneOf(['OK', 'EOPNOTSUPP'])
      expect(rest).to.deep.equal(['OK', 'OK', 'OK'])
      const found = new Map<string, string>()
      for await (const { path, kind, type } of container.changes())
        found.set(path, `${kind} ${type}`)
      const of = (prefix: string): string[] =>
        [...found].filter(([path]) => path.startsWith(prefix)).map((entry) => entry.join(' '))
      expect(of('/marked'), 'nothing of it was deleted').to.deep.equal(['/marked/own added file'])
      expect(of('/left/links/'), 'none of them is followed').to.have.members(
        ['a', 'b', 'absolute', 'climbing', 'itself', 'pid-1'].map(
          (name) => `/left/links/${name} added symlink`,
        ),
      )
      expect(of('/left/deep/')).to.have.length(300)
      expect([...found.keys()].filter((path) => path.split('/').includes('..'))).to.deep.equal([])
      for (const name of ['absolute', 'climbing', 'pid-1']) {
        let code = 'ok'
        await container.fs.readFile(`/left/links/${name}/file`).catch((error: unknown) => {
          code = String(Reflect.get(Object(error), 'code'))
        })
        expect(code, name).to.match(/^ERR_FILE_/)
      }
      expect(fingerprint(canary)).to.equal(untouched)
    })
  }
})
