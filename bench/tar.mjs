// `node bench/tar.mjs [--archive FILE] [--rounds N]`: unpacking an archive, ours and GNU tar's in turn. Without a file: one of
// this host's own /usr, about 11,000 entries. What was unpacked is removed after the last round: file systems avoid places
// that were just freed, and the next round would pay for it.
import { spawnSync } from 'node:child_process'
import { createReadStream, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createLauncher } from '../packages/launcher/dist/index.js'
import { decompress, unpackTar } from '../packages/tar/dist/index.js'

const { values } = parseArgs({
  options: { archive: { type: 'string' }, rounds: { type: 'string', default: '5' } },
})
const scratch = mkdtempSync(join(tmpdir(), 'caisson-bench-tar-'))

function tar(...args) {
  const { status, stderr } = spawnSync('tar', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`tar ${args.join(' ')}: ${stderr}`)
}

function ownArchive() {
  const file = join(scratch, 'own.tar')
  const folders = ['bin', 'sbin', 'include', 'share/doc', 'share/zoneinfo', 'share/perl']
  tar('-C', '/usr', '--ignore-failed-read', '-cf', file, ...folders)
  return file
}

async function ours(launcher, archive, directory) {
  const jail = await launcher.jail(directory)
  try {
    const source = createReadStream(archive, { highWaterMark: 2 ** 20 })
    return await unpackTar(decompress(source), jail)
  } finally {
    await jail[Symbol.asyncDispose]()
  }
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1]
}

const launcher = createLauncher()
try {
  const archive = values.archive ?? ownArchive()
  const times = { ours: [], gnu: [] }
  let entries = 0
  for (let round = 0; round < Number(values.rounds); round++) {
    const order = round % 2 === 0 ? ['ours', 'gnu'] : ['gnu', 'ours']
    for (const who of order) {
      const directory = join(scratch, `${who}-${round}`)
      mkdirSync(directory)
      const start = performance.now()
      if (who === 'gnu') tar('-C', directory, '--numeric-owner', '-xpf', archive)
      else ({ entries } = await ours(launcher, archive, directory))
      times[who].push(performance.now() - start)
    }
  }
  const [mine, gnu] = [median(times.ours), median(times.gnu)]
  console.log(`${entries} entries: ours ${mine.toFixed(0)} ms, GNU tar ${gnu.toFixed(0)} ms`)
  console.log(`ours is ${(mine / gnu).toFixed(2)} times GNU tar's`)
} finally {
  await launcher[Symbol.asyncDispose]()
  rmSync(scratch, { recursive: true })
}
