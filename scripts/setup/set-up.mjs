import { spawnSync } from 'node:child_process'
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fingerprint } from './fingerprint.mjs'
import { checkHost } from './host-checks.mjs'
import { pruneOutputs } from './prune-outputs.mjs'

/** The checkout. */
export const root = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '')

const own = join(root, '.caisson')
const stampPath = join(own, 'setup.json')

/** Set-up could not go on; the message is for people and says what to do. */
class SetUpError extends Error {}

function read(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function step(title, command, args, options) {
  console.log(`set-up: ${title}`)
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    ...options,
  })
  if (result.error) throw new SetUpError(`${title}: ${command}: ${result.error.message}`)
  if (result.status !== 0) {
    const how = result.signal ?? `exit code ${result.status}`
    throw new SetUpError(`${title} failed (${how}): ${command} ${args.join(' ')}`)
  }
}

function requireWritable() {
  try {
    mkdirSync(own, { recursive: true, mode: 0o755 })
    for (const path of [
      root,
      own,
      ...readdirSync(join(root, 'packages')).map((p) => join(root, 'packages', p)),
    ]) {
      accessSync(path, constants.W_OK)
    }
  } catch (error) {
    throw new SetUpError(
      `set-up writes into the checkout, and user id ${process.getuid()} may not: ${error.message}\n` +
        '  fix: work in a clone of your own: git clone <this directory> ~/caisson',
    )
  }
}

function isInstalled() {
  const wanted = read(join(root, 'pnpm-lock.yaml'))
  return (
    existsSync(join(root, 'node_modules/.modules.yaml')) &&
    read(join(root, 'node_modules/.pnpm/lock.yaml')) === wanted
  )
}

// Everything pnpm keeps goes below .caisson: cache, store and state would else land in the user's home.
function install() {
  const pnpm = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).packageManager
  const env = {
    ...process.env,
    npm_config_cache: join(own, 'npm-cache'),
    npm_config_update_notifier: 'false',
    XDG_CACHE_HOME: join(own, 'cache'),
    XDG_STATE_HOME: join(own, 'state'),
    XDG_DATA_HOME: join(own, 'data'),
  }
  const args = ['--yes', pnpm, 'install', '--frozen-lockfile', '--config.confirmModulesPurge=false']
  args.push(`--store-dir=${join(own, 'pnpm-store')}`, '--reporter=append-only')
  step(`installing dependencies with ${pnpm}`, 'npx', args, { env })
}

function isBuilt() {
  const outputs = readdirSync(join(root, 'packages')).map((name) =>
    join(root, 'packages', name, 'dist/index.js'),
  )
  return [...outputs, join(root, 'packages/launcher/build/caisson-launcher')].every((path) =>
    existsSync(path),
  )
}

/**
 * Makes a checkout ready to run: dependencies, launcher, TypeScript. Looks first, and does only what is missing; says
 * what it does.
 * @throws SetUpError
 */
function setUp() {
  const installed = isInstalled()
  const lacking = checkHost({ install: !installed })
  for (const { what, fix } of lacking) console.error(`${what}\n  fix: ${fix}`)
  if (lacking.some(({ fatal }) => fatal))
    throw new SetUpError('this machine lacks what is named above')
  const before = fingerprint(root)
  if (installed && read(stampPath) === before && isBuilt()) return
  requireWritable()
  if (!installed) install()
  step('building the launcher', process.execPath, ['packages/launcher/scripts/build-launcher.mjs'])
  step('compiling TypeScript', process.execPath, ['node_modules/typescript/bin/tsc', '-b'])
  pruneOutputs(root)
  writeFileSync(stampPath, before)
}

/** Runs a set-up and then `main`; a lack is told in words, without a stack. */
export async function afterSetUp(main) {
  try {
    setUp()
    process.exitCode = await main()
  } catch (error) {
    if (!(error instanceof SetUpError)) throw error
    console.error(error.message)
    process.exitCode = 1
  }
}
