// Unpacking one archive into a directory: ours, node-tar, and what else is installed of GNU tar, bsdtar and umoci, in turn, so that
// all have the same machine. What was unpacked is removed after the last round: file systems avoid places that were just freed, and the
// next in turn would pay for it.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { extract } from 'tar'
import { createLauncher } from '../../packages/launcher/dist/index.js'
import { archiveFile, decompress, packTar, unpackTar } from '../../packages/tar/dist/index.js'

export function run(program, args) {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' })
  if (error !== undefined || status !== 0)
    throw new Error(`${program} ${args.join(' ')}: ${error ?? stderr}`)
}

const isThere = (program) => spawnSync(program, ['--version']).status === 0

/** Folders of this host's /usr that are about 18,000 entries: programs, headers, documents, and small files. */
const folders = ['bin', 'sbin', 'include', 'share/doc', 'share/zoneinfo', 'share/perl']

/** An archive of this host's own. */
export function ownArchive(scratch) {
  const file = join(scratch, 'own.tar')
  run('tar', ['-C', '/usr', '--ignore-failed-read', '-cf', file, ...folders])
  return file
}

/** CPU time in ms of this process and of those that it has waited for, theirs included. */
function cpuMs() {
  const fields = readFileSync('/proc/self/stat', 'latin1').split(') ').at(-1).split(' ')
  // utime, stime, cutime, cstime in ticks of 10 ms
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks) * 10, 0)
}

/** @returns wall and CPU time in ms; a launcher is started before and ended after, whose CPU time counts */
export async function timed(work) {
  const cpu = cpuMs()
  const launcher = createLauncher()
  let wall
  try {
    await launcher.identity()
    const start = performance.now()
    await work(launcher)
    wall = performance.now() - start
  } finally {
    await launcher[Symbol.asyncDispose]()
  }
  return { wall, cpu: cpuMs() - cpu }
}

export async function ourUnpack(launcher, archive, directory) {
  const jail = await launcher.jail(directory)
  const file = await open(archive)
  try {
    return await unpackTar(decompress(archiveFile(file)), jail)
  } finally {
    await file.close()
    await jail[Symbol.asyncDispose]()
  }
}

export async function ourPack(launcher, directory, archive) {
  const file = await open(archive, 'w')
  try {
    await packTar(launcher, directory, file)
  } finally {
    await file.close()
  }
}

function blob(layout, bytes, mediaType) {
  const hex = createHash('sha256').update(bytes).digest('hex')
  writeFileSync(join(layout, 'blobs/sha256', hex), bytes)
  return { mediaType, digest: `sha256:${hex}`, size: bytes.length }
}

/** An image of one layer, for umoci. */
function imageOf(archive, scratch) {
  const layout = join(scratch, 'image')
  mkdirSync(join(layout, 'blobs/sha256'), { recursive: true })
  const type = 'application/vnd.oci.image'
  const layer = blob(layout, readFileSync(archive), `${type}.layer.v1.tar`)
  const config = {
    architecture: 'amd64',
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: [layer.digest] },
  }
  const manifest = {
    schemaVersion: 2,
    mediaType: `${type}.manifest.v1+json`,
    config: blob(layout, Buffer.from(JSON.stringify(config)), `${type}.config.v1+json`),
    layers: [layer],
  }
  const found = blob(layout, Buffer.from(JSON.stringify(manifest)), manifest.mediaType)
  const named = { ...found, annotations: { 'org.opencontainers.image.ref.name': '1' } }
  writeFileSync(
    join(layout, 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: [named] }),
  )
  writeFileSync(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
  return `${layout}:1`
}

export function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1]
}

/** Runs each of `ways` in turn, every round in another order; the medians, and what ours is of each. */
export async function inTurn(ways, rounds) {
  const names = Object.keys(ways)
  const times = Object.fromEntries(names.map((name) => [name, { wall: [], cpu: [] }]))
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < names.length; i++) {
      const name = names[(i + round) % names.length]
      const { wall, cpu } = await timed((launcher) => ways[name](launcher, round))
      times[name].wall.push(wall)
      times[name].cpu.push(cpu)
    }
  }
  const ratio = (name, what) =>
    median(times.ours[what].map((mine, round) => mine / times[name][what][round]))
  return names.map((name) => ({
    name,
    wallMs: Math.round(median(times[name].wall)),
    cpuMs: Math.round(median(times[name].cpu)),
    ...(name === 'ours' ? {} : { oursByWall: ratio(name, 'wall'), oursByCpu: ratio(name, 'cpu') }),
  }))
}

/**
 * @param options archive: a tar file, not compressed; default: one of this host's own /usr. rounds: default 5
 * @returns a row for each program: name, medians wallMs and cpuMs, and the medians of ours divided by theirs, round by round
 */
export async function unpackBench({ archive, rounds = 5 } = {}) {
  const scratch = mkdtempSync(join(tmpdir(), 'caisson-bench-unpack-'))
  try {
    const from = archive ?? ownArchive(scratch)
    const to = (name, round) => {
      const directory = join(scratch, `${name}-${round}`)
      mkdirSync(directory)
      return directory
    }
    const ways = {
      ours: (launcher, round) => ourUnpack(launcher, from, to('ours', round)),
      'GNU tar': async (_, round) =>
        run('tar', ['-C', to('gnu', round), '--numeric-owner', '-xpf', from]),
    }
    if (isThere('bsdtar'))
      ways.bsdtar = async (_, round) =>
        run('bsdtar', ['-C', to('bsd', round), '--numeric-owner', '-xpf', from])
    ways['node-tar'] = (_, round) =>
      extract({ file: from, cwd: to('node', round), preserveOwner: process.getuid() === 0 })
    if (isThere('umoci') && process.getuid() === 0) {
      const image = imageOf(from, scratch)
      ways.umoci = async (_, round) =>
        run('umoci', ['unpack', '--image', image, join(to('umoci', round), 'bundle')])
    }
    return { bytes: statSync(from).size, rows: await inTurn(ways, rounds) }
  } finally {
    rmSync(scratch, { recursive: true })
  }
}
