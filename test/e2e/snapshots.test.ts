import { cpSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'mocha'
import { expect } from 'chai'
import { createEngine, isCaissonError, type Change } from 'caisson'
import {
  codeOf,
  emptyStore,
  openEngine,
  run,
  type AnyContainer,
  type AnyEngine,
} from './snapshot-engine.js'

let scratch = ''
let engine: AnyEngine

/** One for each suite. */
function withEngine(suite: Mocha.Suite): void {
  suite.timeout(60_000)
  before(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'caisson-snapshots-'))
    engine = await openEngine(scratch)
  })

  after(async () => {
    await engine[Symbol.asyncDispose]()
    await emptyStore(scratch)
    rmSync(scratch, { recursive: true, force: true })
  })
}

async function listed(changes: AsyncIterable<Change>): Promise<readonly string[]> {
  const found: string[] = []
  for await (const { kind, path, type } of changes) found.push(`${kind} ${type} ${path}`)
  return found.toSorted()
}

describe('snapshots', function () {
  withEngine(this)

  for (const on of ['memory', 'disk'] as const) {
    describe(`of writes to ${on}`, () => {
      it('are roots of containers that share nothing from then on', async () => {
        await using parent = await engine.create({ writable: { on } })
        await run(
          parent,
          'mkdir -p /srv/a/b; echo one > /srv/a/b/c; rm -r /home; rm /etc/group; mkdir /home',
        )
        const snapshot = await parent.snapshot({ name: 'first' })
        expect(snapshot).to.deep.include({ name: 'first', parent: undefined })
        await run(parent, 'echo two > /srv/a/b/c')
        await using child = await engine.create({ from: snapshot, writable: { on } })
        const look = 'cat /srv/a/b/c; ls /etc /home; echo three >> /srv/a/b/c; rm /etc/passwd'
        expect((await child.sh(look)).stdout).to.equal('one\n/etc:\npasswd\n\n/home:\n')
        expect((await parent.sh('cat /srv/a/b/c /etc/passwd')).stdout).to.match(/^two\nroot:/)
        expect(await listed(child.diff())).to.deep.equal([
          'deleted file /etc/passwd',
          'modified file /srv/a/b/c',
        ])
        await snapshot.delete()
      })

      it('fork a container that lives, as often as asked for', async () => {
        await using parent = await engine.create({ writable: { on }, labels: { kind: 'parent' } })
        await run(parent, 'echo parent > /srv-file')
        const forks = await parent.fork(3)
        try {
          await run(parent, 'echo later > /srv-file')
          for (const [index, fork] of forks.entries()) {
            expect(fork.id).not.to.equal(parent.id)
            expect(fork.labels).to.deep.equal({ kind: 'parent' })
            expect(await run(fork, 'cat /srv-file')).to.equal('parent\n')
            await run(fork, `echo ${index} > /srv-file`)
          }
          for (const [index, fork] of forks.entries())
            expect(await run(fork, 'cat /srv-file')).to.equal(`${index}\n`)
        } finally {
          for (const fork of forks) await fork.remove()
        }
        expect(await run(parent, 'cat /srv-file')).to.equal('later\n')
      })

      it('fork a container that has stopped, whose own root is kept from changes then', async () => {
        await using parent = await engine.create({ writable: { on } })
        await run(parent, 'echo parent > /file; chown 3:4 /file; chmod 4755 /file').catch(() =>
          run(parent, 'chmod 4755 /file'),
        )
        await parent.stop()
        await using child = await parent.fork()
        await using other = await parent.fork()
        expect(await run(child, 'cat /file; stat -c %a /file')).to.equal('parent\n4755\n')
        await run(child, 'echo child > /file')
        expect(await run(other, 'cat /file')).to.equal('parent\n')
        if (on === 'disk') {
          expect(await codeOf(parent.fs.writeFile('/file', 'spoilt'))).to.equal('ERR_FILE_ACCESS')
        }
        expect(await parent.fs.readFile('/file', 'utf8')).to.equal('parent\n')
        await parent.remove()
        expect(await run(other, 'cat /file')).to.equal('parent\n')
      })

      it('are what a container is put back to, with its id and listeners', async () => {
        await using container = await engine.create({ writable: { on } })
        const { id } = container
        await run(container, 'echo good > /file')
        const good = await container.snapshot()
        await run(container, 'echo bad > /file; rm -r /bin/sh /etc; (sleep 1000 &)').catch(() => {})
        let exits = 0
        container.on('exit', () => exits++)
        await container.rollback(good)
        expect([container.id, container.state]).to.deep.equal([id, 'created'])
        expect(await run(container, 'cat /file; ls /etc; pidof sleep || echo none')).to.equal(
          'good\ngroup\npasswd\nnone\n',
        )
        expect(exits).to.equal(1)
        await container.reset()
        expect(await run(container, 'cat /file; ls /etc')).to.equal('good\ngroup\npasswd\n')
      })

      it('are forgotten by a reset, also of a container that has stopped', async () => {
        await using container = await engine.create({ writable: { on } })
        await run(container, 'rm -r /etc; echo x > /x')
        await container.stop()
        const kept = await container.snapshot()
        await container.reset()
        expect(await run(container, 'ls /etc; ls /x 2>&1 || true')).to.match(
          /^group\npasswd\nls: \/x/,
        )
        await container.rollback(kept)
        expect(await run(container, 'cat /x; ls /etc 2>&1 || true')).to.match(/^x\nls: \/etc/)
      })

      it('are named by commit', async () => {
        await using container = await engine.create({ writable: { on } })
        await run(container, 'echo made > /made')
        await container.commit(`tools-${on}:1`)
        await container.remove()
        const result = await engine.run(['cat', '/made'], { from: `layer:tools-${on}:1` })
        expect(result.stdout).to.equal('made\n')
        const missing = await engine
          .run(['true'], { from: 'layer:none' })
          .then(String, (e: unknown) => e)
        expect(isCaissonError(missing) && missing.code).to.equal('ERR_ROOTFS_NOT_FOUND')
      })

      it('tell what was changed since', async () => {
        await using container = await engine.create({ writable: { on } })
        await run(
          container,
          'mkdir /d; cd /d; for f in same gone new2old was; do echo 1 > $f; done; rm /etc/group',
        )
        const then = await container.snapshot()
        expect(await listed(container.diff(then))).to.deep.equal([])
        await run(
          container,
          'cd /d; rm gone; echo 22 > was; echo 3 > added; rm new2old; mkdir new2old; rm /etc/passwd',
        )
        expect(await listed(container.diff(then))).to.deep.equal([
          'added file /d/added',
          'deleted file /d/gone',
          'deleted file /etc/passwd',
          'modified file /d/was',
          'type-changed directory /d/new2old',
        ])
        expect(await listed(container.diff())).to.include('added file /d/same')
        await container.reset()
        expect(await listed(container.diff(then))).to.deep.equal([
          'added file /etc/group',
          'deleted directory /d',
        ])
      })

      it('of any age tell what is different, as long as they are of the same root', async () => {
        await using first = await engine.create({ writable: { on } })
        await run(
          first,
          'mkdir -p /d/old /e; cd /d; touch gone was old/x same; mkdir -p /bin/sub; rm /etc/group; rm -r /home',
        )
        const oldest = await first.snapshot()
        await using second = await engine.create({ from: oldest, writable: { on } })
        await run(second, 'cd /d; rm gone; echo 1 > was; echo 2 > added; touch /e/e; chmod 700 /e')
        const middle = await second.snapshot()
        await using third = await engine.create({ from: middle, writable: { on } })
        await run(
          third,
          'rm -r /d/old; mkdir /d/old; touch /d/old/y; rm /d/added; rm -r /e; ln -s /d /e; touch /etc/group; ' +
            'mkdir -p /home/new; touch /home/new/z; touch /bin/sub/f',
        )
        // upon those below, whose whiteouts and opaque directories are no entries
        expect(await listed(third.diff())).to.deep.equal([
          'added directory /home',
          'added directory /home/new',
          'added file /bin/sub/f',
          'added file /d/old/y',
          'added file /etc/group',
          'added file /home/new/z',
          'deleted file /d/added',
          'deleted file /d/old/x',
          'modified directory /d/old',
          'type-changed symlink /e',
        ])
        expect(await listed(third.diff(oldest))).to.deep.equal([
          'added directory /home',
          'added directory /home/new',
          'added file /bin/sub/f',
          'added file /d/old/y',
          'added file /etc/group',
          'added file /home/new/z',
          'deleted file /d/gone',
          'deleted file /d/old/x',
          'modified file /d/was',
          'type-changed symlink /e',
        ])
        // of a container that lies below: what came later is not there
        expect(await listed(first.diff(middle))).to.deep.equal([
          'added file /d/gone',
          'deleted file /d/added',
          'deleted file /e/e',
          'modified directory /e',
          'modified file /d/was',
        ])
        await using other = await engine.create({ from: 'host:' })
        expect(await codeOf(listed(other.diff(oldest)))).to.equal('ERR_INVALID_SPEC')
        const missing = { ...oldest, id: '0'.repeat(32) }
        expect(await codeOf(listed(third.diff(missing)))).to.equal('ERR_STORE_NOT_FOUND')
        for (const snapshot of [oldest, middle]) await snapshot.delete()
      })
    })
  }

  it('upon layers become layers by commit, also when they lie upon each other', async () => {
    await engine.run(['true'])
    const store = await engine.store()
    const made = readdirSync(join(scratch, 'data'), { recursive: true, encoding: 'utf8' })
    const busybox = made.find((path) => path.endsWith('/bin/busybox')) ?? ''
    const base = await store.layers.publish({
      recipe: 'busybox',
      fill: async ({ diff }) =>
        cpSync(join(scratch, 'data', busybox, '../..'), diff, {
          recursive: true,
          verbatimSymlinks: true,
        }),
    })
    await store.refs.set('base', { kind: 'layer', id: base.id })
    await using first = await engine.create({ from: `layer:${base.id}` })
    await run(first, 'mkdir /d; echo 1 > /d/x; echo 2 > /d/y; ln /d/y /d/z; rm /etc/group')
    const middle = await first.snapshot()
    await using second = await engine.create({ from: middle, writable: { on: 'disk' } })
    await run(second, 'rm -r /d; mkdir /d; echo 3 > /d/new; rm -r /home; echo 4 > /four')
    const committed = await second.commit('made/of:layers')
    const id = committed.layer ?? ''
    const layer = store.layers.list().find((one) => one.id === id)
    expect(layer).to.deep.include({ id, parent: base.id })
    expect(store.refs.get('layer/made/of:layers')).to.deep.equal({ kind: 'layer', id })
    await second.remove()
    for (const snapshot of [middle, committed]) await snapshot.delete()
    for (const from of ['layer:made/of:layers', `layer:${id}`]) {
      await using third = await engine.create({ from })
      const look = 'ls /d /etc; cat /d/new /four; ls -d /home || echo none; stat -c %a /'
      expect(await run(third, `exec 2>&1; ${look}`)).to.match(
        /^\/d:\nnew\n\n\/etc:\npasswd\n3\n4\nls: \/home.*\nnone\n755\n$/,
      )
      expect(await listed(third.diff())).to.deep.equal([])
    }
    await using plain = await engine.create()
    expect((await plain.commit('plain')).layer).to.equal(undefined)
  })

  it('are refused while commands run that nothing can freeze, unless they may be torn', async () => {
    await using container = await engine.create()
    await using sleep = endOf(container, 'echo a > /a; sleep 1000')
    await container.waitFor({ file: '/a' })
    const whole = engine.supports.features.has('freeze') ? 'nothing was thrown' : 'ERR_UNSUPPORTED'
    expect(await codeOf(container.snapshot())).to.equal(whole)
    const torn = await container.snapshot({ live: 'as-is' })
    expect(sleep).not.to.equal(undefined)
    await torn.delete()
  })

  it('refuse what makes no sense, and name it', async () => {
    await using container = await engine.create()
    expect(await codeOf(container.fork(0))).to.equal('ERR_INVALID_SPEC')
    const odd: object = { live: 'maybe' }
    expect(await codeOf(container.snapshot(odd))).to.equal('ERR_INVALID_SPEC')
    expect(await codeOf(container.commit('a b'))).to.equal('ERR_INVALID_SPEC')
    const other = await engine.create({ from: 'host:' })
    const foreign = await other.snapshot()
    await other.remove()
    expect(await codeOf(container.rollback(foreign))).to.equal('ERR_INVALID_SPEC')
    await foreign.delete()
    await container.remove()
    expect(await codeOf(container.snapshot())).to.equal('ERR_CONTAINER_STATE')
    expect(await codeOf(container.reset())).to.equal('ERR_CONTAINER_STATE')
    const writable: object = { on: 'disk', size: '1MiB' }
    expect(await codeOf(engine.create({ writable }))).to.equal('ERR_UNSUPPORTED')
    expect(await codeOf(engine.create({ from: `snapshot:${'0'.repeat(32)}` }))).to.equal(
      'ERR_ROOTFS_NOT_FOUND',
    )
  })

  it('keep owners, modes, links, holes, and what is no file', async () => {
    await using container = await engine.create()
    const many = (await run(container, 'cat /proc/self/uid_map')).includes('65536')
    const chown = many ? 'chown 7:8 f; chown 9:9 d;' : ''
    const make =
      'mkdir -p /t/d; cd /t; echo x > f; ln f f2; ln -s /nowhere l; mkfifo p; truncate -s 9m hole; ' +
      `echo end >> hole; ${chown} chmod 6711 f; chmod 1777 d; touch -d "2001-02-03 04:05:06" f d`
    const look =
      'cd /t; stat -c "%n %F %a %u:%g %h %s %Y" f f2 l p hole; stat -c "%n %F %a %u:%g %Y" d; du -k hole; [ f -ef f2 ] && echo same'
    await run(container, make)
    const former = await run(container, look)
    const snapshot = await container.snapshot()
    await using child = await engine.create({ from: snapshot })
    expect(await run(child, look)).to.equal(former)
    expect(former)
      .to.contain(`f regular file 6711 ${many ? '7:8' : '0:0'} 2 2 9811`)
      .and.to.contain('same')
    // of the store's directory nothing but this user, and ids as they are inside
    const { directory } = await engine.store()
    expect(statSync(join(directory, 'snaps')).mode & 0o077).to.equal(0)
    if (process.geteuid?.() === 0) {
      const file = statSync(join(directory, 'snaps', snapshot.id, '0/upper/t/f'))
      expect([file.uid, file.gid]).to.deep.equal([7, 8])
    }
    await snapshot.delete()
  })

  it('that are deleted go with the next prune, also of the process that took them', async () => {
    const place = mkdtempSync(join(tmpdir(), 'caisson-snapshots-'))
    {
      await using own = await createEngine({
        from: 'busybox:',
        stateDir: join(place, 's'),
        dataDir: join(place, 'data'),
      })
      const container = await own.create({ writable: { on: 'disk' } })
      await run(container, 'echo 1 > /one')
      const copied = await container.snapshot()
      await copied.delete()
      expect((await own.prune()).store).to.deep.include({ snapshots: 1 })
      // what the container's root is made of stays as long as that
      await container.stop()
      const sealed = await container.snapshot()
      await sealed.delete()
      expect((await own.prune()).store).to.deep.include({ snapshots: 0 })
      expect(await container.fs.readFile('/one', 'utf8')).to.equal('1\n')
      await container.remove()
      expect((await own.prune()).store).to.deep.include({ snapshots: 1 })
    }
    rmSync(place, { recursive: true, force: true })
  })

  it('leave nothing in the store when all is removed', async () => {
    const scratchToo = mkdtempSync(join(tmpdir(), 'caisson-snapshots-'))
    const data = join(scratchToo, 'data')
    const own = await createEngine({
      from: 'busybox:',
      stateDir: join(scratchToo, 's'),
      dataDir: data,
    })
    const container = await own.create({ writable: { on: 'disk' } })
    await run(container, 'mkdir -p /a/b; chmod 0 /a/b; rm -r /home')
    await container.stop()
    const [one, two] = [await container.fork(), await container.fork()]
    await run(one, 'echo 1 > /one')
    await two.reset()
    await one.stop()
    await using grandchild = await one.fork()
    expect(await run(grandchild, 'cat /one')).to.equal('1\n')
    await own[Symbol.asyncDispose]()
    await using later = await createEngine({ stateDir: join(scratchToo, 's'), dataDir: data })
    await (await later.store()).collect()
    for (const place of ['snaps', 'trash', 'layers'])
      expect(readdirSync(join(data, 'store', place))).to.deep.equal([])
    rmSync(scratchToo, { recursive: true, force: true })
  })
})

/** A command that goes on until its scope ends. */
function endOf(container: AnyContainer, script: string): AsyncDisposable {
  const exec = container.sh(script)
  return {
    [Symbol.asyncDispose]: async () => {
      await exec.kill('SIGKILL')
      await exec
    },
  }
}
