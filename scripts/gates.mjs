// `npm run gates`: generated files are fresh, packages are fit to publish, the C program passes the compiler's analyzer.
// All gates run, and the exit code tells whether one failed.
import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterSetUp, root } from './setup/set-up.mjs'

const bin = (name) => join(root, 'node_modules/.bin', name)
const packages = readdirSync(join(root, 'packages')).map((name) => join('packages', name))

function generators() {
  const folders = ['scripts', ...packages.map((path) => join(path, 'scripts'))]
  return folders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) =>
      readdirSync(join(root, folder))
        .filter((name) => name.startsWith('generate-') && name.endsWith('.mjs'))
        .map((name) => join(folder, name)),
    )
    .map((path) => ({
      title: `${path} --check`,
      command: process.execPath,
      args: [path, '--check'],
    }))
}

function publishing() {
  const plain = ['--no-emoji', '--no-color', '--profile', 'esm-only']
  return packages.flatMap((path) => [
    {
      title: `publint ${path}`,
      command: bin('publint'),
      args: ['run', path, '--strict', '--pack', 'npm'],
    },
    {
      title: `attw ${path}`,
      command: bin('attw'),
      args: ['--pack', path, ...plain],
    },
  ])
}

const analyzer = {
  title: 'launcher -fanalyzer',
  command: process.execPath,
  args: ['packages/launcher/scripts/build-launcher.mjs', '--analyze'],
}

function run({ title, command, args }) {
  return new Promise((resolve) => {
    const output = []
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.on('data', (data) => output.push(data))
    child.stderr.on('data', (data) => output.push(data))
    child.once('error', (error) => resolve({ title, ok: false, text: error.message }))
    child.once('close', (code) => {
      resolve({ title, ok: code === 0, text: Buffer.concat(output).toString() })
    })
  })
}

async function runGates() {
  // what takes longest comes first
  const queue = [analyzer, ...generators(), ...publishing()]
  const total = queue.length
  let failed = 0
  const worker = async () => {
    for (let gate = queue.shift(); gate !== undefined; gate = queue.shift()) {
      const { title, ok, text } = await run(gate)
      console.log(`${ok ? 'ok    ' : 'FAILED'} ${title}`)
      if (ok) continue
      failed++
      console.log(text)
    }
  }
  await Promise.all([worker(), worker()])
  console.log(`gates: ${total - failed} passed, ${failed} failed, 0 skipped`)
  return failed === 0 ? 0 : 1
}

await afterSetUp(runGates)
