import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'

/** A bundle with the runtime's own default configuration, changed only to run `/true` from our root without a terminal. */
export function makeBundle(workplace, runtime) {
  const bundle = join(workplace.path, `bundle-${basename(runtime)}`)
  if (existsSync(join(bundle, 'config.json'))) return bundle
  mkdirSync(bundle)
  symlinkSync(workplace.root, join(bundle, 'rootfs'))
  const made = spawnSync(runtime, ['spec'], { cwd: bundle, encoding: 'utf8' })
  if (made.status !== 0) throw new Error(`${runtime} spec: ${made.stderr ?? made.error}`)
  const path = join(bundle, 'config.json')
  const config = JSON.parse(readFileSync(path, 'utf8'))
  config.process.terminal = false
  config.process.args = ['/true']
  config.root = { path: workplace.root, readonly: true }
  writeFileSync(path, JSON.stringify(config))
  return bundle
}
