import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  cpSync,
  linkSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { CopyOnWriteOption, PresetEngine, Snapshot } from 'caisson'
import { expect } from 'chai'
import { openEngine } from './snapshot-engine.js'

/** A busybox with something of everything below /r. */
export async function makeRoot(place: string, owners: boolean): Promise<string> {
  await using engine = await openEngine(join(place, 'made'))
  await engine.run(['true'])
  const data = join(place, 'made/data')
  const made = readdirSync(data, { recursive: true, encoding: 'utf8' })
  const busybox = made.find((path) => path.endsWith('/bin/busybox')) ?? ''
  const root = join(place, 'root')
  cpSync(join(data, busybox, '../..'), root, { recursive: true, verbatimSymlinks: true })
  const at = (name: string): string => join(root, 'r', name)
  for (const name of ['dir/sub', 'gone', 'moved', 'again']) mkdirSync(at(name), { recursive: true })
  for (const name of ['plain', 'twin', 'suid', 'old', 'dir/in', 'gone/in', 'moved/in', 'again/in'])
    writeFileSync(at(name), name)
  // of the same sizes and times throughout
  for (const [name, content] of [
    ['v1', 'one'],
    ['v2', 'two'],
  ] as const) {
    mkdirSync(at(`${name}/sub`), { recursive: true })
    writeFileSync(at(`${name}/sub/f`), content)
    for (const path of ['sub/f', 'sub', '']) utimesSync(at(`${name}/${path}`), 3, 3)
  }
  writeFileSync(at('big'), Buffer.alloc(300_000, 7))
  linkSync(at('twin'), at('twin2'))
  symlinkSync('/nowhere', at('link'))
  chmodSync(at('suid'), 0o4711)
  utimesSync(at('old'), 1, 1)
  utimesSync(at('dir'), 2, 2)
  spawnSync('mkfifo', [at('fifo')])
  if (owners) chownSync(at('plain'), 7, 8)
  return root
}

/** All that is to be seen of it from inside. */
export const look =
  "cd /r; find . -exec stat -c '%N %F %a %u:%g' {} + | sort; find . -type f -exec md5sum {} + | sort; " +
  "find . -type f -exec stat -c '%n %h' {} + | sort; stat -c '%n %Y' old dir"

export const work = [
  'cd /r',
  'echo more >> plain',
  'rm -r gone',
  'mv moved there',
  'rm -r again; mkdir again; echo x > again/new',
  'ln old older',
  'chmod 2755 suid',
  'rm link; mkdir link; echo in > link/it',
  'rm dir/in; mkfifo dir/in; touch -t 200102030405 dir',
  'mv v1 v3 && mv v2 v1 && mv v3 v2',
  // back to what it was, but for its content
  'cp -p big keep; echo y | dd of=big conv=notrunc 2>/dev/null; touch -r keep big; rm keep',
].join(' && ')

export const expected = [
  'added directory /r/there',
  'added file /r/again/new',
  'added file /r/link/it',
  'added file /r/older',
  'added file /r/there/in',
  'deleted directory /r/gone',
  'deleted directory /r/moved',
  'deleted file /r/again/in',
  'modified file /r/big',
  'modified file /r/plain',
  'modified file /r/suid',
  'modified file /r/v1/sub/f',
  'modified file /r/v2/sub/f',
  'type-changed directory /r/link',
  'type-changed other /r/dir/in',
]

export interface Changed {
  readonly kind: string
  readonly type: string
  readonly path: string
}

export async function listed(changes: AsyncIterable<Changed>): Promise<readonly string[]> {
  const lines: string[] = []
  for await (const { kind, type, path } of changes) lines.push(`${kind} ${type} ${path}`)
  return lines.toSorted()
}

type Container = Awaited<ReturnType<PresetEngine['create']>>

/** What is compared with overlays. */
export interface Likeness<Way extends CopyOnWriteOption> {
  readonly root: string
  readonly on: 'memory' | 'disk'
  readonly way: Way
  readonly open: (way: Way | 'overlay') => Promise<PresetEngine>
  /** Lines of changes that one of the two has alone. */
  readonly apart: readonly string[]
  readonly check?: (container: Container, way: Way | 'overlay') => Promise<void>
}

/** Looks, works and looks again in a root of either way: the same is seen and told, and the root is as it was. */
export async function expectLikeness<Way extends CopyOnWriteOption>(
  like: Likeness<Way>,
): Promise<void> {
  const { root, on, way, open, apart, check } = like
  const asItIs = () =>
    String(spawnSync('sh', ['-c', `cd ${root} && find . | sort && md5sum r/big r/plain`]).stdout)
  const before = asItIs()
  const seen: string[][] = []
  for (const one of ['overlay', way] as const) {
    await using engine = await open(one)
    await using container = await engine.create({ writable: { on } })
    const [first, did, then] = [
      await container.sh(look),
      await container.sh(work),
      await container.sh(look),
    ]
    await check?.(container, one)
    expect([first.stderr, did.stderr, did.exitCode, then.stderr]).to.deep.equal(['', '', 0, ''])
    expect(did.degraded.filter((what) => what.startsWith('copyOnWrite'))).to.deep.equal([])
    const changes = await listed(container.changes())
    expect(changes.filter((line) => !apart.includes(line))).to.deep.equal(expected)
    seen.push([first.stdout, then.stdout])
  }
  expect(seen[1]).to.deep.equal(seen[0])
  expect(seen[0]?.[0]).to.match(/suid'? regular file 4711/)
  expect(asItIs()).to.equal(before)
}

/** Works, keeps that, works on, forks and goes back. */
export async function expectKeeping(
  container: Container,
): Promise<{ readonly snapshot: Snapshot; readonly worked: string }> {
  await container.sh(work)
  const worked = (await container.sh(look)).stdout
  const snapshot = await container.snapshot({ name: 'worked' })
  expect(await listed(container.diff(snapshot))).to.deep.equal([])
  await container.sh('cd /r; rm older there/in; echo z > z; echo more >> suid')
  expect(await listed(container.diff(snapshot))).to.deep.equal([
    'added file /r/z',
    'deleted file /r/older',
    'deleted file /r/there/in',
    'modified file /r/suid',
  ])
  await container.stop()
  await using fork = await container.fork()
  expect((await fork.sh('cd /r; cat z; ls older there')).stdout).to.equal('z\nthere:\n')
  await container.rollback(snapshot)
  expect((await container.sh(look)).stdout).to.equal(worked)
  expect(await listed(container.changes())).to.deep.equal([])
  return { snapshot, worked }
}
