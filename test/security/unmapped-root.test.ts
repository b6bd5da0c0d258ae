// A root on a file system that takes no id map, as a container around us has it: an error, or what the caller allowed.
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'

const preset = new URL('../../../packages/caisson/dist/index.js', import.meta.url).href
const script = `
  import { createEngine } from ${JSON.stringify(preset)}
  const engine = await createEngine()
  const outcome = async (options) => {
    const mounts = [{ kind: 'bind', from: process.argv[1], to: '/mnt' }]
    return engine.run(['true'], { mounts, ...options }).catch((error) => error)
  }
  const refused = await outcome({})
  const allowed = await outcome({ allowDegraded: ['idmap'] })
  const { code, syscall, fix } = refused
  const { exitCode, degraded } = allowed
  console.log(JSON.stringify({ code, syscall, fix, exitCode, degraded }))
  await engine[Symbol.asyncDispose]()`

describe('a file system without id maps, of the real kernel', function () {
  this.timeout(60_000)

  it('is refused as root by name, and mounted without where that is allowed', function () {
    const place = mkdtempSync(join(tmpdir(), 'caisson-overlay-'))
    try {
      chmodSync(place, 0o755)
      for (const name of ['l', 'u', 'w', 'm']) mkdirSync(join(place, name))
      const mount =
        'mount -t overlay o -o "lowerdir=$1/l,upperdir=$1/u,workdir=$1/w" "$1/m" || exit 77; ' +
        'exec "$2" --input-type=module -e "$3" "$1/m"'
      // mounts of a namespace of its own, which ends with it
      const args = ['-m', 'sh', '-c', mount, 'sh', place, process.execPath, script]
      const { status, stdout, stderr } = spawnSync('unshare', args, { encoding: 'utf8' })
      if (process.getuid?.() !== 0 || status === 77) {
        console.log('      skipped: needs root, to mount an overlay')
        this.skip()
      }
      const found: unknown = JSON.parse(stdout === '' ? `"${stderr}"` : stdout)
      expect(found).to.deep.include({ code: 'ERR_MOUNT_SOURCE', syscall: 'mount_setattr:idmap' })
      expect(found).to.have.property('fix').that.includes('allowDegraded')
      expect(found).to.include({ exitCode: 0 })
      expect(found).to.have.nested.property('degraded[0]').that.includes(`${place}/m has no id map`)
    } finally {
      rmSync(place, { recursive: true, force: true })
    }
  })
})
