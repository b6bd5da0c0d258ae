import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { helloOf, identityOf } from '../dist/identity.js'
import type { IdentityPlan } from '../dist/identity.js'
import { launcherPath } from '../dist/index.js'
import { LaunchedCommand } from '../dist/launched-command.js'
import { LauncherSession } from '../dist/launcher-session.js'
import { someCommand, textOf } from './fake-session.js'
import { RealRoot, findStaticBusybox } from './real-root.js'

// newuidmap itself needs a user with ranges; as root, two scripts that write the same lines stand in for it. As a user
// there is nothing here to test.
if (process.getuid?.() === 0) {
  describe('the real launcher, mode ranges', () => {
    let directory: string
    let root: RealRoot | undefined

    before(async function () {
      const busybox = await findStaticBusybox()
      if (!busybox) {
        console.log('      skipped: needs a static busybox (apt-get install busybox-static)')
        return this.skip()
      }
      root = new RealRoot(busybox)
      directory = mkdtempSync(join(tmpdir(), 'caisson-ranges-'))
      return undefined
    })
    after(() => {
      root?.[Symbol.dispose]()
      if (directory) rmSync(directory, { recursive: true })
    })

    function helper(file: string): string {
      const path = join(directory, file)
      const script = `#!/bin/sh\nprintf '%s %s %s\\n%s %s %s\\n' "$2" "$3" "$4" "$5" "$6" "$7" >/proc/"$1"/${file}\n`
      writeFileSync(path, script, { mode: 0o755 })
      return path
    }

    it('gives a container 65536 ids of which none but 0 is the user', async () => {
      const helpers = {
        newuidmap: helper('uid_map'),
        newgidmap: helper('gid_map'),
        uid: 0,
        gid: 0,
        uids: { start: 200_000, count: 65_535 },
        gids: { start: 300_000, count: 65_535 },
      }
      const mode: IdentityPlan = { mode: 'ranges', userns: 2, helpers }
      const identity = identityOf(mode, 0)
      const session = await LauncherSession.open({
        program: { path: launcherPath(), arguments: [] },
        identity,
        hello: helloOf(mode, 0),
        helpers,
      })
      const script =
        'busybox touch /tmp/f && busybox chown 1000:50 /tmp/f && busybox stat -c %u:%g /tmp/f /bin/busybox; cat /proc/self/uid_map'
      const launched = new LaunchedCommand()
      const plan = root?.plan(identity)
      if (!plan) throw new Error('there is no root')
      session.run(plan, someCommand(['sh', '-c', script], { env: ['PATH=/bin'] }), launched)
      const [file, binary, ...map] = textOf(await launched.ended).split('\n')
      expect([file, binary]).to.deep.equal(['1000:50', '0:0'])
      const lines = map
        .filter((line) => line !== '')
        .map((line) => line.trim().split(/\s+/).join(' '))
      expect(lines).to.deep.equal(['0 0 1', '1 1 65535'])
      await session.close(new Error('done'))
    })
  })
}
