// `node bench/tar.mjs [--archive FILE] [--rounds N]`: unpacking an archive and packing what came out, ours and other programs in
// turn. Without a file: an archive of this host's own /usr, about 18,000 entries.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { create } from 'tar'
import { inTurn, ourPack, ownArchive, run, unpackBench } from './store/unpack.mjs'

const { values } = parseArgs({
  options: { archive: { type: 'string' }, rounds: { type: 'string', default: '5' } },
})
const rounds = Number(values.rounds)
const scratch = mkdtempSync(join(tmpdir(), 'caisson-bench-tar-'))

function print(title, rows) {
  console.log(title)
  for (const { name, wallMs, cpuMs, oursByWall, oursByCpu } of rows) {
    const times = `${name.padEnd(10)} ${String(wallMs).padStart(6)} ms  CPU ${String(cpuMs).padStart(6)} ms`
    const ratios =
      oursByWall === undefined
        ? ''
        : `  ours is ${oursByWall.toFixed(2)}x, CPU ${oursByCpu.toFixed(2)}x`
    console.log(`  ${times}${ratios}`)
  }
}

try {
  const archive = values.archive ?? ownArchive(scratch)
  const { bytes, rows } = await unpackBench({ archive, rounds })
  print(`unpacking ${(bytes / 1e6).toFixed(0)} MB`, rows)
  const tree = join(scratch, 'tree')
  mkdirSync(tree)
  run('tar', ['-C', tree, '--numeric-owner', '-xpf', archive])
  const to = (name, round) => join(scratch, `${name}-${round}.tar`)
  const ways = {
    ours: (launcher, round) => ourPack(launcher, tree, to('ours', round)),
    'GNU tar': async (_, round) =>
      run('tar', ['--sort=name', '--format=posix', '-C', tree, '-cf', to('gnu', round), '.']),
    bsdtar: async (_, round) =>
      run('bsdtar', ['--format=pax', '-C', tree, '-cf', to('bsd', round), '.']),
    // its asynchronous way (7.5.23) stops in the middle of this tree, and its promise is never settled
    'node-tar': async (_, round) =>
      create({ file: to('node', round), cwd: tree, sync: true }, ['.']),
  }
  print('packing it', await inTurn(ways, rounds))
} finally {
  rmSync(scratch, { recursive: true })
}
