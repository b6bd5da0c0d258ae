import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { checkout, packageFolders, readPackageJson } from '../architecture/checkout.js'

function run(command: string, args: readonly string[], cwd: string): string {
  const result = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (result.status === 0) return result.stdout
  throw new Error(`${command} ${args.join(' ')}: ${result.error?.message ?? result.stderr}`)
}

// Where pnpm put a dependency of a package, and of a dependency in turn.
function placeOf(name: string, from: string): string {
  for (let folder = from; folder !== dirname(folder); folder = dirname(folder)) {
    const path = join(folder, 'node_modules', name)
    if (existsSync(path)) return realpathSync(path)
  }
  throw new Error(`${name} is not installed for ${from}`)
}

function copyForeign(name: string, from: string, modules: string): void {
  const target = join(modules, name)
  if (existsSync(target)) return
  const source = placeOf(name, from)
  cpSync(source, target, { recursive: true })
  const manifest = run(
    process.execPath,
    ['-p', `JSON.stringify(require('./package.json').dependencies ?? {})`],
    source,
  )
  // npm's own format: names to ranges
  const dependencies = JSON.parse(manifest) as Readonly<Record<string, string>>
  for (const next of Object.keys(dependencies)) copyForeign(next, source, modules)
}

/**
 * A directory with the packages as npm would install them: packed and unpacked, so that what `files` forgets is missing.
 * Everybody may read it. The caller removes it.
 */
export function installPacked(): string {
  const place = mkdtempSync(join(tmpdir(), 'caisson-packed-'))
  const modules = join(place, 'node_modules')
  const folders = packageFolders.map((folder) => `./packages/${folder}`)
  run(
    'npm',
    ['pack', '--silent', '--ignore-scripts', '--pack-destination', place, ...folders],
    checkout,
  )
  for (const folder of packageFolders) {
    const { name, version, dependencies } = readPackageJson(folder)
    const target = join(modules, name)
    mkdirSync(target, { recursive: true })
    const archive = `${name.replace('@', '').replace('/', '-')}-${version}.tgz`
    run('tar', ['--strip-components=1', '-xzf', join(place, archive), '-C', target], place)
    for (const [dependency, range] of Object.entries(dependencies ?? {})) {
      if (!range.startsWith('workspace:'))
        copyForeign(dependency, join(checkout, 'packages', folder), modules)
    }
  }
  chmodSync(place, 0o755)
  return place
}

/** Files of an installed package, relative to it. */
export function installedFiles(place: string, name: string): readonly string[] {
  const top = join(place, 'node_modules', name)
  return readdirSync(top, { recursive: true, encoding: 'utf8' })
}
