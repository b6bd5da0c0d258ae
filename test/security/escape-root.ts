import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A root with nothing in it but the attacker, and what its attempts ask for. */
export class EscapeRoot implements Disposable {
  readonly #place = mkdtempSync(join(tmpdir(), 'caisson-escape-'))
  readonly path = join(this.#place, 'root')
  readonly stateDir = join(this.#place, 'state')
  /** A directory of the host that is bound to /bind. */
  readonly bound = join(this.#place, 'bound')

  constructor(attacker: string) {
    chmodSync(this.#place, 0o755)
    for (const name of ['root', 'root/bin', 'root/etc', 'root/tmp', 'root/nodes', 'bound']) {
      mkdirSync(join(this.#place, name), { mode: 0o755 })
    }
    chmodSync(join(this.path, 'tmp'), 0o1777)
    for (const [name, mode] of [
      ['attacker', 0o755],
      ['setuid', 0o4755],
    ] as const) {
      copyFileSync(attacker, join(this.path, 'bin', name))
      chmodSync(join(this.path, 'bin', name), mode)
    }
    writeFileSync(join(this.path, 'etc/passwd'), 'root:x:0:0::/:\nplain:x:1000:1000::/:\n')
    // a user cannot make them, and then there are none to open
    spawnSync('mknod', ['-m', '666', join(this.path, 'nodes/null'), 'c', '1', '3'])
    spawnSync('mknod', ['-m', '666', join(this.path, 'nodes/disk'), 'b', '8', '0'])
  }

  [Symbol.dispose](): void {
    rmSync(this.#place, { recursive: true, force: true })
  }
}
