import { spawnSync } from 'node:child_process'
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DirectoryJail } from '@caisson/core'
import { expect } from 'chai'
import { createLauncher } from '../dist/index.js'
import { bytes, entry, errorOf, Place, tryToLeave } from './jail-place.js'

/** 0 where the kernel has none. */
function landlockVersion(): number {
  const program = join(mkdtempSync(join(tmpdir(), 'caisson-probe-')), 'probe')
  const input = `#include <unistd.h>
    int main(void) { long v = syscall(444, (void *)0, 0L, 1); return v < 0 ? 0 : (int)v; }`
  spawnSync(process.env['CC'] ?? 'cc', ['-w', '-x', 'c', '-o', program, '-'], { input })
  const { status } = spawnSync(program)
  rmSync(dirname(program), { recursive: true })
  return status ?? 0
}

// The two walls, each without the other: docs/architecture.md, "The file server".
describe('Launcher.jail with a wall taken away', function () {
  this.timeout(120_000)
  const sources = fileURLToPath(new URL('../c', import.meta.url))

  const resolver = {
    file: 'path.c',
    from: 'resolve |= RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;',
    to: '',
  }
  const root = {
    file: 'files.c',
    from: 'err = p->mount_ns < 0 ? enter_jail(&s, p) : enter_container(&s, p);',
    to: 'err = fchdir(s.fds);',
  }
  const confined = {
    file: 'files.c',
    from: 'p->mount_ns < 0 && (err = landlock_confine(p->root)) < 0 ? err : file_guard()',
    to: '(err = 0)',
  }

  /** A launcher from sources without them. */
  function build(directory: string, walls: readonly (typeof resolver)[]): string {
    cpSync(sources, directory, { recursive: true })
    for (const { file, from, to } of walls) {
      const text = readFileSync(join(directory, file), 'utf8')
      expect(text, `${file} holds what is taken away`).to.contain(from)
      writeFileSync(join(directory, file), text.replace(from, to))
    }
    const programs = readdirSync(directory).filter((name) => /^(?!fuzz).*\.c$/.test(name))
    const program = join(directory, 'launcher')
    const flags = ['-std=gnu11', '-D_GNU_SOURCE=', '-O0', '-w', '-o', program]
    const built = spawnSync(process.env['CC'] ?? 'cc', [...flags, ...programs], {
      cwd: directory,
      encoding: 'utf8',
    })
    expect(built.status, built.stderr).to.equal(0)
    return program
  }

  async function serve(
    walls: readonly (typeof resolver)[],
    use: (jail: DirectoryJail, place: Place) => Promise<void>,
  ): Promise<void> {
    using place = new Place()
    const directory = mkdtempSync(join(tmpdir(), 'caisson-wall-'))
    try {
      await using launcher = createLauncher({ path: build(directory, walls) })
      await using jail = await place.openJail(launcher)
      await use(jail, place)
    } finally {
      rmSync(directory, { recursive: true })
    }
  }

  const leave = (...walls: readonly (typeof resolver)[]) => serve(walls, tryToLeave)

  it('stays inside when the resolver follows anything', () => leave(resolver))
  it('stays inside when its root is the host’s', () => leave(root, confined))
  it('opens and makes nothing outside when root and resolver are gone, by landlock', function () {
    if (landlockVersion() < 2) {
      console.log('      skipped: this kernel has no landlock of version 2 (Linux 5.19)')
      this.skip()
    }
    return serve([resolver, root], async (jail, place) => {
      symlinkSync(place.canary, place.at('out'))
      const made = errorOf(jail.make(entry('file', 'out/new')))
      const read = errorOf(jail.open(bytes('out/secret'), { access: 'read' }))
      const removed = errorOf(jail.files.remove(bytes('out/secret'), false))
      for (const failed of [made, read, removed]) expect((await failed).errno).to.equal('EACCES')
      await jail.make(entry('file', 'in', { content: bytes('x') }))
    })
  })
  it('gets out when all are gone: the attempts are real', async () => {
    const left = await leave(resolver, root, confined).then(
      () => false,
      (error: unknown) => error instanceof Error && error.name === 'AssertionError',
    )
    expect(left).to.equal(true)
  })
})
