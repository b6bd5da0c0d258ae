// A disk that is full: what needs room says so, and a collection, which makes some, needs none.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'

const script = `
  import { writeFileSync, readdirSync } from 'node:fs'
  import { openLayerStore } from '@caisson/layer-store'
  const [directory] = process.argv.slice(1)
  const open = () => openLayerStore({ directory: directory + '/store', sync: false })
  let store = await open()
  const idOf = (n) => 'sha256:' + String(n).repeat(64)
  const publish = (n) => store.layers.publish({ diffId: idOf(n), fill: async ({ diff }) => writeFileSync(diff + '/f', 'x'.repeat(100_000)) })
  for (const n of [1, 2]) await publish(n)
  await store.refs.set('kept', { kind: 'layer', id: idOf(1) })
  // who publishes leases it as long as the store is open
  await store[Symbol.asyncDispose]()
  store = await open()
  const passing = await store.layers.hold(idOf(2))
  const held = await store.layers.hold(idOf(1))
  const failed = []
  try {
    for (let n = 0; ; n++) writeFileSync(directory + '/fill' + n, 'x'.repeat(n < 20 ? 65_536 : 4096))
  } catch (error) {
    failed.push(error.code)
  }
  failed.push(await publish(3).then(() => 'published', (error) => error.code))
  passing.release()
  // the lease would be written anew: of what was published before, nothing but a name and what is held keeps it
  const { layers } = await store.collect()
  await publish(4)
  held.release()
  console.log(JSON.stringify({ failed, layers, leases: readdirSync(directory + '/store/leases').length }))
  await store[Symbol.asyncDispose]()
`

describe('a store on a full disk', function () {
  this.timeout(30_000)

  it('says that there is no room, and is collected all the same', function () {
    // in a user namespace no program of the host belongs to root
    if (process.getuid?.() !== 0) {
      console.log('      skipped: only root can mount a small disk')
      this.skip()
    }
    const place = mkdtempSync(join(tmpdir(), 'caisson-full-'))
    try {
      const mount =
        'mount -t tmpfs -o size=1m tmpfs "$1" && exec "$2" --input-type=module -e "$3" "$1"'
      const inside = ['sh', '-c', mount, 'sh', place, process.execPath, script]
      const { stdout, stderr, status } = spawnSync('unshare', ['-m', ...inside], {
        encoding: 'utf8',
        cwd: import.meta.dirname,
      })
      expect(stderr).to.equal('')
      expect(status).to.equal(0)
      const { failed, layers, leases } = JSON.parse(stdout) as Record<string, unknown>
      expect(failed).to.deep.equal(['ENOSPC', 'ERR_STORE_SPACE'])
      expect(layers).to.equal(1)
      expect(leases).to.equal(1)
    } finally {
      rmSync(place, { recursive: true, force: true })
    }
  })
})
