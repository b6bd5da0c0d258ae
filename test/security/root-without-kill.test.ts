// Root that was left without CAP_KILL or CAP_SYS_PTRACE, as in most containers around us: it cannot end what an id of the block
// owns, so its namespaces are its own, and every way of ending a container works all the same.
import { spawnSync } from 'node:child_process'
import { expect } from 'chai'

const preset = new URL('../../../packages/caisson/dist/index.js', import.meta.url).href
const script = `
  import { createEngine, chroot, pivotRoot } from ${JSON.stringify(preset)}
  const found = []
  const begun = async (exec) => { for await (const _ of exec.lines()) return }
  for (const isolation of [pivotRoot(), chroot()]) {
    const engine = await createEngine({ isolation })
    const late = await engine.run(['sleep', '1000'], { timeout: 200 })
    const container = await engine.create()
    const said = await container.exec('sh', ['-c', 'id -u; kill -0 1'])
    const running = container.sh('echo; exec sleep 1000')
    await begun(running)
    await running.kill()
    const killed = await running
    // of another id of the block
    const other = await container.exec('sleep', ['1000'], { user: '5', timeout: 200 }).catch((error) => error)
    const left = container.sh('echo; exec sleep 1000')
    await begun(left)
    await container.stop()
    const { reason } = await left
    await container.remove()
    await engine[Symbol.asyncDispose]()
    found.push([late.reason, said.stdout, killed.reason, other.reason ?? other.code, reason])
  }
  console.log(JSON.stringify(found))`

const without = [
  '--bounding-set=-kill',
  '--bounding-set=-sys_ptrace',
  '--bounding-set=-kill,-sys_ptrace',
]

describe('root without CAP_KILL or CAP_SYS_PTRACE', function () {
  this.timeout(60_000)

  for (const dropped of without) {
    it(`starts and ends containers (setpriv ${dropped})`, function () {
      if (process.getuid?.() !== 0) {
        console.log('      skipped: needs root')
        return this.skip()
      }
      const args = [dropped, process.execPath, '--input-type=module', '-e', script]
      const { status, stdout, stderr, error } = spawnSync('setpriv', args, {
        encoding: 'utf8',
        timeout: 50_000,
      })
      expect(status, `${stderr}${error?.message ?? ''}`).to.equal(0)
      const [first, second]: readonly string[][] = JSON.parse(stdout)
      expect(first).to.deep.equal(['wall-time', '0\n', 'killed', 'wall-time', 'killed'])
      expect(second).to.deep.equal(first)
      return undefined
    })
  }
})
