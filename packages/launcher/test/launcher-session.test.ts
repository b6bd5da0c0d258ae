import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isCaissonError } from '@caisson/core'
import { expect } from 'chai'
import { helloOf, identityOf } from '../dist/identity.js'
import type { IdentityPlan } from '../dist/identity.js'
import { LauncherClient } from '../dist/launcher-client.js'
import { LauncherSession } from '../dist/launcher-session.js'
import { fakeProgram } from './fake-session.js'

function open(
  newuidmap: string,
  newgidmap: string,
  scenario = 'needMaps',
): Promise<LauncherSession> {
  const helpers = {
    newuidmap,
    newgidmap,
    uid: 1000,
    gid: 50,
    uids: { start: 200_000, count: 65_536 },
    gids: { start: 300_000, count: 65_535 },
  }
  const plan: IdentityPlan = { mode: 'ranges', userns: 2, helpers }
  return LauncherSession.open({
    program: fakeProgram(scenario),
    helpers,
    identity: identityOf(plan, 0),
    hello: helloOf(plan, 0),
  })
}

describe('LauncherSession, asked for id maps', () => {
  let directory: string
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'caisson-maps-'))
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  function helper(name: string, script: string): string {
    const path = join(directory, name)
    writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
    return path
  }

  it('has the helpers write them: 0 is the user, the rest its range', async () => {
    const record = (kind: string) => helper(kind, `echo "$@" >'${join(directory, kind)}.args'`)
    const session = await open(record('uid'), record('gid'))
    await session.close(new Error('done'))
    expect(readFileSync(join(directory, 'uid.args'), 'utf8')).to.match(
      /^\d+ 0 1000 1 1 200000 65535$/m,
    )
    expect(readFileSync(join(directory, 'gid.args'), 'utf8')).to.match(
      /^\d+ 0 50 1 1 300000 65535$/m,
    )
  })

  it('runs no helper for what is no process', async () => {
    const record = helper('records', `touch '${join(directory, 'ran')}'`)
    const error: unknown = await open(record, record, 'mapsOfNobody').catch((e: unknown) => e)
    expect(isCaissonError(error, 'ERR_LAUNCHER_GONE')).to.equal(true)
    expect(String(error)).to.include('no process has the id 4294967295')
    expect(existsSync(join(directory, 'ran'))).to.equal(false)
  })

  it('fails with what a helper said', async () => {
    const bad = helper('bad', 'echo "range not allowed" >&2; exit 1')
    const error: unknown = await open(bad, bad).catch((e: unknown) => e)
    expect(isCaissonError(error, 'ERR_USER_NAMESPACE')).to.equal(true)
    expect(String(error)).to.include('range not allowed')
  })

  it('makes do with one id when the helpers refuse, and says so', async () => {
    const bad = helper('refuses', 'echo "range not allowed" >&2; exit 1')
    const ranges = { start: 200_000, count: 65_536 }
    const helpers = {
      newuidmap: bad,
      newgidmap: bad,
      uid: 1000,
      gid: 50,
      uids: ranges,
      gids: ranges,
    }
    await using launcher = new LauncherClient(fakeProgram('mapsWhenAsked'), () => ({
      mode: 'ranges',
      userns: 2,
      helpers,
    }))
    const identity = await launcher.identity()
    expect(identity).to.include({ mode: 'single', idCount: 1, setgroups: false })
    expect(identity.degraded.join()).to.include('range not allowed')
  })
})
