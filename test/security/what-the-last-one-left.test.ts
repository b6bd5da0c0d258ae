// Namespaces are used again, since they are dear to make: nothing of one container may reach the next through them.
import { expect } from 'chai'
import { createEngine, type PresetEngine } from 'caisson'

describe('what a container leaves in its namespaces', function () {
  this.timeout(30_000)
  let engine: PresetEngine

  before(async () => {
    engine = await createEngine()
  })
  after(() => engine[Symbol.asyncDispose]())

  it('is no trace of its network traffic: not a counter, and no port in TIME_WAIT', async () => {
    const counters = 'sed -n "s/^ *lo: *\\([0-9]*\\).*/\\1/p" /proc/net/dev'
    // bash connects; a connection that is refused went over the loopback, too
    const talk = '(exec 3<>/dev/tcp/127.0.0.1/9) 2>/dev/null'
    for (let i = 0; i < 10; i++) {
      const { stdout } = await engine.run(['bash', '-c', `${counters}; ${talk}; ${counters}`])
      const [before, after] = stdout.split('\n').map(Number)
      expect([before, Number(after) > 0]).to.deep.equal([0, true])
    }
  })

  it('is no user namespace with keys in it: only what the default filter has refused all of is used again', async () => {
    const seen = new Set<string>()
    for (let i = 0; i < 8; i++) {
      const { stdout } = await engine.run(['readlink', '/proc/self/ns/user'], {
        seccomp: 'unconfined',
      })
      seen.add(stdout)
    }
    const confined = await engine.run(['readlink', '/proc/self/ns/user'])
    expect(seen.has(confined.stdout)).to.equal(false)
  })
})
