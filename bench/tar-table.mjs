// `node bench/tar-table.mjs [--why]`: what ours, GNU tar, bsdtar and node-tar make of the same archives, as root, each told to keep
// all it can. packages/tar/test/table has the archives and what has to come of them; its README has the table.
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { extract } from 'tar'
import { createLauncher } from '../packages/launcher/dist/index.js'
import { judge, tableCases } from '../packages/tar/dist-test/table/judge.js'
import { ourUnpack } from './store/unpack.mjs'

const { values } = parseArgs({ options: { why: { type: 'boolean', default: false } } })
if (process.getuid() !== 0) {
  console.error('Owners and devices are for root to make: run this as root.')
  process.exit(1)
}

function program(name, args) {
  return async (archive, directory) => {
    const all = [...args, '--numeric-owner', '-xpf', archive, '-C', directory]
    const env = { ...process.env, LC_ALL: 'C.UTF-8' }
    const { status, stderr, error } = spawnSync(name, all, { encoding: 'utf8', env })
    if (error !== undefined || status !== 0) throw new Error(String(error ?? stderr.trim()))
  }
}

/** By itself it says of much that is wrong no more than a warning, which most who call it never see; here it counts. */
async function nodeTar(file, cwd) {
  const warnings = []
  const onwarn = (code, message) => {
    if (code !== 'TAR_ENTRY_INFO') warnings.push(`${code}: ${message}`)
  }
  const keep = { preserveOwner: true, chmod: true, processUmask: 0 }
  await Promise.resolve(extract({ file, cwd, ...keep, onwarn }))
  if (warnings.length > 0) throw new Error(warnings.join('; '))
}

const launcher = createLauncher()
const ways = {
  ours: async (archive, directory) => {
    await ourUnpack(launcher, archive, directory)
  },
  'GNU tar': program('tar', ['--xattrs', '--xattrs-include=*']),
  bsdtar: program('bsdtar', []),
  'node-tar': nodeTar,
}

const names = Object.keys(ways)
const right = Object.fromEntries(names.map((name) => [name, 0]))
console.log(`| archive | ${names.join(' | ')} |\n|---|${'---|'.repeat(names.length)}`)
for (const one of tableCases) {
  const cells = []
  const reasons = []
  for (const name of names) {
    const verdict = await judge(one, ways[name], launcher)
    if (verdict.right) right[name]++
    cells.push(verdict.right ? verdict.is : `**${verdict.is}**`)
    if (!verdict.right) reasons.push(`    ${name}: ${verdict.why.split('\n')[0]}`)
  }
  console.log(`| ${one.name} | ${cells.join(' | ')} |`)
  if (values.why) for (const reason of reasons) console.log(reason)
}
const sums = names.map((name) => `${right[name]} of ${tableCases.length}`)
console.log(`| right | ${sums.join(' | ')} |`)
await launcher[Symbol.asyncDispose]()
