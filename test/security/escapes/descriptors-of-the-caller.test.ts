// CVE-2024-21626: a caller that has directories of the host open, without close-on-exec, as its own parent left them to it.
import { spawnSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { expect } from 'chai'
import { buildAttacker } from '../build-attacker.js'
import { EscapeRoot } from '../escape-root.js'
import { readOutcomes } from '../outcomes.js'

const FOUND = 'a descriptor beyond the standard streams'

/** Node itself marks what it inherits close-on-exec; what its own launcher opens and forgets is found all the same. */
const caller = (root: EscapeRoot, isolation: string): string => `
  import { createEngine, chroot, pivotRoot } from ${JSON.stringify(import.meta.resolve('caisson'))}
  const engine = await createEngine({
    isolation: ${isolation}(), from: ${JSON.stringify(`dir:${root.path}`)}, stateDir: ${JSON.stringify(root.stateDir)},
  })
  const run = await engine.run(['/bin/attacker', 'descriptors'])
  const container = await engine.create()
  const exec = await container.exec('/bin/attacker', ['descriptors'])
  const paths = []
  for (const n of [3, 4, 5, 9]) {
    const path = '/proc/self/fd/' + n
    for (const work of [
      () => container.exec('/bin/attacker', ['descriptors'], { cwd: path }),
      () => container.exec(path + '/bin/attacker', ['descriptors']),
      () => engine.run([path], {}),
    ]) {
      try { paths.push((await work()).exitCode) } catch (error) { paths.push(error.code) }
    }
  }
  await engine[Symbol.asyncDispose]()
  console.log(JSON.stringify([run.stdout, exec.stdout, paths]))`

describe('escape: descriptors that the caller left open (descriptors)', function () {
  this.timeout(60_000)
  let root: EscapeRoot
  let attacker: string

  before(function () {
    const built = buildAttacker()
    if (built === undefined) return this.skip()
    attacker = built
    root = new EscapeRoot(built)
    return undefined
  })
  after(() => root?.[Symbol.dispose]())

  for (const isolation of ['pivotRoot', 'chroot']) {
    it(`are in no container of ${isolation}, nor a way for cwd or program`, () => {
      const directories = Array.from({ length: 20 }, () => openSync('/', 'r'))
      const args = ['--input-type=module', '-e', caller(root, isolation)]
      const { stdout, stderr } = spawnSync(process.execPath, args, {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe', ...directories],
      })
      const plain = spawnSync(attacker, ['descriptors'], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe', ...directories],
      })
      for (const fd of directories) closeSync(fd)
      expect(stdout, stderr).to.not.equal('')
      const [run, exec, paths] = JSON.parse(stdout) as [string, string, unknown[]]
      expect(readOutcomes(plain.stdout).get(FOUND), 'the attempt is real').to.equal('OK')
      expect(readOutcomes(run).get(FOUND)).to.equal('EBADF')
      expect(readOutcomes(exec).get(FOUND)).to.equal('EBADF')
      for (const outcome of paths) {
        expect(outcome).to.be.oneOf(['ERR_CWD', 126, 127])
      }
    })
  }
})
