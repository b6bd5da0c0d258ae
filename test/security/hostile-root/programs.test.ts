// CVE-2024-21626, CVE-2019-5736: programs and working directories whose names lead through /proc to what the launcher's copy
// in the container holds, by links and first lines of a hostile root.
import { chmodSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { createEngine, isCaissonError, type PresetEngine } from 'caisson'
import { HostileRoots, hostileShapes } from '@caisson/driver-testkit'
import { isolations } from '../isolations.js'

/** Program, as a link or as a first line, and how the command ends: the launcher itself ends with 110 outside of its client (126: Landlock). */
const programs: Readonly<Record<string, readonly (number | string)[]>> = {
  '/proc/self/exe': [110, 126],
  '/proc/self/fd/0': [126, 127],
  '/proc/self/fd/3': [126, 127],
  '/proc/self/fd/4': [126, 127],
  '/proc/self/fd/5': [126, 127],
  '/proc/self/fd/9': [126, 127],
  '/dev/stdin': [126, 127],
  '/proc/1/exe': [126],
  '/proc/1/fd/3': [126, 127],
  '/proc/1/root/bin/true': [126],
  // the root itself; busybox goes by the name that it is called by, and knows none of our links
  '/proc/self/root/bin/true': [0, 127],
  '/proc/self/mem': [126],
  '/dev/null': [126],
  '/bin': [126],
}

const directories: Readonly<Record<string, readonly (number | string)[]>> = {
  '/proc/self/fd/0': ['ERR_CWD'],
  '/proc/self/fd/3': ['ERR_CWD'],
  '/proc/self/fd/4/../..': ['ERR_CWD', 'ERR_INVALID_SPEC'],
  '/proc/self/fd/9': ['ERR_CWD'],
  '/proc/1/cwd': ['ERR_CWD'],
  '/proc/1/root': ['ERR_CWD'],
  '/proc/1/fd/5': ['ERR_CWD'],
  '/proc/self/root': [0],
  '/proc/self/cwd': [0],
  '/proc/self/fd': [0],
}

describe('names of a hostile root that lead through /proc', function () {
  this.timeout(60_000)
  let roots: HostileRoots
  let root: string
  let untouched: string[]

  before(() => {
    roots = new HostileRoots()
    untouched = roots.fingerprint()
    const whole = hostileShapes.find(({ name }) => name === 'nothing')
    if (whole === undefined) throw new Error('there is that shape')
    root = roots.make('/volume', whole)
    for (const [n, path] of Object.keys(programs).entries()) {
      symlinkSync(path, join(root, `bin/link-${n}`))
      writeFileSync(join(root, `bin/script-${n}`), `#!${path}\n`)
      chmodSync(join(root, `bin/script-${n}`), 0o755)
    }
    for (const [n, path] of Object.keys(directories).entries()) {
      symlinkSync(path, join(root, `to-${n}`))
    }
    rmSync(join(root, 'work'), { recursive: true })
  })
  after(() => {
    expect(roots.fingerprint(), 'the canary is as it was').to.deep.equal(untouched)
    roots.remove()
  })

  for (const { title, make } of isolations) {
    describe(title, () => {
      let engine: PresetEngine

      before(async () => {
        engine = await createEngine({ isolation: make(), from: `dir:${root}` })
      })
      after(() => engine?.[Symbol.asyncDispose]())

      /** By run and by exec: exit code, or the code of the error. */
      const endings = async (program: string, cwd: string): Promise<(number | string | null)[]> => {
        await using container = await engine.create()
        const found: (number | string | null)[] = []
        for (const work of [
          () => engine.run([program], { cwd, timeout: '30s' }),
          () => container.exec(program, [], { cwd, timeout: '30s' }),
        ]) {
          try {
            found.push((await work()).exitCode)
          } catch (error) {
            if (!isCaissonError(error)) throw error
            found.push(error.code)
          }
        }
        return found
      }

      it('are no way to a program outside', async () => {
        for (const [n, [path, allowed]] of Object.entries(programs).entries()) {
          for (const name of [path, `/bin/link-${n}`, `/bin/script-${n}`]) {
            for (const ending of await endings(name, '/')) {
              // as the first line of a script a directory or a device is no program either, and a missing one is missing
              expect(ending, `${name} (${path})`).to.be.oneOf(
                name.includes('script') && allowed[0] === 126 ? [126, 127] : allowed,
              )
            }
          }
        }
      })

      it('are no way to a working directory outside', async () => {
        for (const [n, [path, allowed]] of Object.entries(directories).entries()) {
          for (const name of [path, `/to-${n}`]) {
            for (const ending of await endings('/bin/true', name)) {
              expect(ending, `${name} (${path})`).to.be.oneOf(allowed)
            }
          }
        }
      })
    })
  }
})
