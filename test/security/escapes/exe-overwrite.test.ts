// CVE-2019-5736: a program of the root is a link to /proc/self/exe, so that the launcher's own copy in the container executes
// itself; another process of the container holds what that is, and writes to it as soon as nobody runs it any more.
import { symlinkSync, writeFileSync, chmodSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { createEngine } from 'caisson'
import { buildAttacker } from '../build-attacker.js'
import { EscapeRoot } from '../escape-root.js'
import { isolations } from '../isolations.js'
import { readOutcomes } from '../outcomes.js'

const EXECUTIONS = 2000

describe('escape: the launcher overwritten by what executes it (proc-exe)', function () {
  this.timeout(60_000)
  let root: EscapeRoot

  before(function () {
    const attacker = buildAttacker()
    // An instrumented build stays what it is, so that its reports can name lines.
    if (attacker === undefined || process.env['CAISSON_LAUNCHER'] !== undefined) return this.skip()
    root = new EscapeRoot(attacker)
    symlinkSync('/proc/self/exe', join(root.path, 'bin/link'))
    writeFileSync(join(root.path, 'bin/script'), '#!/proc/self/exe\n')
    chmodSync(join(root.path, 'bin/script'), 0o755)
    return undefined
  })
  after(() => root?.[Symbol.dispose]())

  for (const { title, make } of isolations) {
    it(`finds what it holds sealed: ${title}`, async () => {
      const driver = make()
      await using engine = await createEngine({
        isolation: driver,
        from: `dir:${root.path}`,
        stateDir: root.stateDir,
      })
      await using container = await engine.create()
      const attack = container.exec('/bin/attacker', ['exe-overwrite'])
      const attacking = new Set([attack])
      const ended = attack.then((result) => {
        attacking.clear()
        return result
      })
      for await (const line of attack.lines()) if (line.startsWith('ready')) break
      let executed = false
      for (let n = 0; n < EXECUTIONS && attacking.size > 0; n++) {
        const { exitCode } = await container.exec(n % 2 === 0 ? '/bin/link' : '/bin/script')
        // 110: the launcher, not started by its client; 126: Landlock, which keeps a chroot, lets nothing outside be executed
        expect(exitCode).to.be.oneOf([110, 126])
        executed ||= exitCode === 110
        if (!executed) break
      }
      await attack.kill('SIGKILL')
      const found = readOutcomes((await ended).stdout)
      const written = found.get('write a program that somebody else executes')
      // Landlock lets nobody in a chroot open it either, so that it is never caught
      const unseen = driver.name === 'chroot' ? ['ESRCH', undefined] : []
      expect(written).to.be.oneOf(['ETXTBSY', 'EPERM', 'EACCES', ...unseen])
    })
  }
})
