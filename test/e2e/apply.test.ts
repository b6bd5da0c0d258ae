import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { watch } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'mocha'
import { expect } from 'chai'
import { codeOf, emptyStore, openEngine, run, type AnyEngine } from './snapshot-engine.js'

let scratch = ''
let engine: AnyEngine

describe('apply', function () {
  this.timeout(60_000)
  before(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'caisson-snapshots-'))
    engine = await openEngine(scratch)
  })

  after(async () => {
    await engine[Symbol.asyncDispose]()
    await emptyStore(scratch)
    rmSync(scratch, { recursive: true, force: true })
  })

  it('brings chosen changes to a directory of the host, and nothing anywhere else', async () => {
    const host = mkdtempSync(join(tmpdir(), 'caisson-apply-'))
    const project = join(host, 'project')
    mkdirSync(join(project, 'src'), { recursive: true })
    writeFileSync(join(project, 'src/main.c'), 'old')
    writeFileSync(join(project, 'src/gone.c'), 'old')
    writeFileSync(join(host, 'outside'), 'outside')
    symlinkSync(join(host, 'outside'), join(project, 'link'))
    mkdirSync(join(host, 'elsewhere'))
    symlinkSync('../elsewhere', join(project, 'linked-directory'))
    await using container = await engine.create()
    await container.fs.mkdir('/work', { recursive: true })
    await container.fs.copyIn(project, '/work/project')
    const then = await container.snapshot()
    await run(
      container,
      'cd /work/project; echo new > src/main.c; chmod 4751 src/main.c; rm src/gone.c; mkdir -p a/b; echo b > a/b/c; ' +
        'rm link; echo file > link; ln -s /etc/passwd a/evil; mkfifo a/pipe; echo no > /work/beside; echo s > secret; ' +
        'rm linked-directory; mkdir linked-directory; echo in > linked-directory/in',
    )
    const applied = await container.apply(container.diff(then), project, {
      root: '/work/project',
      only: ({ path }) => !path.endsWith('/secret'),
    })
    expect(readFileSync(join(project, 'src/main.c'), 'utf8')).to.equal('new\n')
    expect(statSync(join(project, 'src/main.c')).mode & 0o7777).to.equal(0o751)
    expect(readdirSync(join(project, 'src'))).to.deep.equal(['main.c'])
    expect(readFileSync(join(project, 'a/b/c'), 'utf8')).to.equal('b\n')
    expect(readlinkSync(join(project, 'a/evil'))).to.equal('/etc/passwd')
    expect(readFileSync(join(project, 'link'), 'utf8')).to.equal('file\n')
    expect(readFileSync(join(host, 'outside'), 'utf8')).to.equal('outside')
    expect(readFileSync(join(project, 'linked-directory/in'), 'utf8')).to.equal('in\n')
    expect(readdirSync(join(host, 'elsewhere'))).to.deep.equal([])
    expect(applied.deleted).to.equal(1)
    expect(applied.skipped).to.have.members(['/work/beside', '/work/project/a/pipe'])
    expect(readdirSync(project)).to.have.members(['src', 'a', 'link', 'linked-directory'])
    rmSync(host, { recursive: true })
  })

  it('leaves out names that are no text, which stand for another file, and what has gone', async () => {
    const host = mkdtempSync(join(tmpdir(), 'caisson-apply-'))
    await using container = await engine.create()
    const odd = `mkdir -p "/d/$(printf 'x\\376')/y"; echo 1 > "/d/$(printf 'a\\377')"; echo 2 > "/d/$(printf 'n\\nl')"`
    await run(
      container,
      `${odd}; echo 3 > "/d/$(printf 'a\\357\\277\\275')"; echo 4 > /d/b; echo 5 > /d/gone`,
    )
    const changes = []
    for await (const change of container.diff()) changes.push(change)
    await run(container, 'rm /d/gone')
    const applied = await container.apply(changes, host, { root: '/d' })
    expect(readdirSync(host)).to.have.members(['b', 'n\nl'])
    expect(applied.skipped).to.include.members(['/d/gone', '/d/a\u{FFFD}', '/d/x\u{FFFD}/y'])
    rmSync(host, { recursive: true })
  })

  it('ends at so many bytes, or by a signal, and leaves no draft', async () => {
    const host = mkdtempSync(join(tmpdir(), 'caisson-apply-'))
    await using container = await engine.create()
    // a terabyte of nothing, in a root of some megabytes
    const sparse = 'dd if=/dev/zero of=/d/b bs=1 count=0 seek=1099511627776 2>/dev/null'
    await run(container, `mkdir /d; echo a > /d/a; ${sparse}`)
    const apply = (options: object): Promise<unknown> =>
      container.apply(container.diff(), host, { root: '/d', ...options })
    expect(await codeOf(apply({ maxBytes: 1_000_000 }))).to.equal('ERR_FILE_LIMIT')
    expect(readdirSync(host)).to.deep.equal(['a'])
    const abort = new AbortController()
    expect(await codeOf(apply({})), 'by default').to.equal('ERR_FILE_LIMIT')
    expect(await codeOf(apply({ maxEntries: 1 }))).to.equal('ERR_FILE_LIMIT')
    const ended = codeOf(apply({ maxBytes: Infinity, signal: abort.signal }))
    for await (const { filename } of watch(host))
      if (filename?.startsWith('.caisson-') === true) break
    abort.abort()
    expect(await ended).to.equal('ERR_ABORTED')
    expect(readdirSync(host)).to.deep.equal(['a'])
    expect(await codeOf(apply({ signal: AbortSignal.abort() }))).to.equal('ERR_ABORTED')
    for (const bad of [{ maxBytes: -1 }, { maxBytes: NaN }, { maxEntries: 'x' }, { signal: {} }])
      expect(await codeOf(apply(bad))).to.equal('ERR_INVALID_SPEC')
    rmSync(host, { recursive: true })
  })

  it('writes through no link of the host, and takes no path that leads out', async () => {
    const host = mkdtempSync(join(tmpdir(), 'caisson-apply-'))
    mkdirSync(join(host, 'to'))
    mkdirSync(join(host, 'elsewhere'))
    symlinkSync('../elsewhere', join(host, 'to/d'))
    await using container = await engine.create()
    await run(container, 'mkdir /d; echo x > /d/x')
    const change = { kind: 'added', type: 'file', size: 2 } as const
    const through = container.apply([{ ...change, path: '/d/x' }], join(host, 'to'))
    expect(await codeOf(through)).to.equal('ERR_FILE_TYPE')
    const out = await container.apply(
      [
        { ...change, path: '/../x' },
        { ...change, path: '/d/../../x' },
        { ...change, path: 'x' },
      ],
      join(host, 'to'),
    )
    expect(out).to.deep.include({ written: 0, deleted: 0 })
    expect(out.skipped).to.have.length(3)
    expect(readdirSync(join(host, 'elsewhere'))).to.deep.equal([])
    rmSync(host, { recursive: true })
  })
})
