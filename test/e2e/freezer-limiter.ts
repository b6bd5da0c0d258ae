import {
  accessSync,
  constants,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { defineDriver, type Driver, type LimitLease, type Probe } from '@caisson/core'
import { Scope } from '@caisson/core/di'
import { rlimits } from 'caisson'
import { waitUntil } from './wait-until.js'

// Where cgroup v2 is on a hybrid host. Nothing but groups of ours at its top is made, changed or removed.
const tree = '/sys/fs/cgroup/unified'

/** Whether this host lets us freeze. */
export function probeFreezer(): Probe {
  const nothing = { degraded: [], facts: {} }
  try {
    readFileSync(join(tree, 'cgroup.controllers'))
    accessSync(tree, constants.W_OK)
    return { ok: true, missing: [], ...nothing }
  } catch (error) {
    const what = `a writable cgroup v2 tree at ${tree}: ${String(error)}`
    return { ok: false, missing: [{ what, fix: 'Run this as root on a hybrid host.' }], ...nothing }
  }
}

/** A group of the host's, by descriptor-free plain files. */
class Group {
  readonly path: string
  #made = false

  constructor(name: string) {
    this.path = join(tree, name)
  }

  add(pid: number): void {
    mkdirSync(this.path)
    this.#made = true
    writeFileSync(join(this.path, 'cgroup.procs'), String(pid))
  }

  get frozen(): boolean {
    return readFileSync(join(this.path, 'cgroup.events'), 'utf8').includes('frozen 1')
  }

  async freeze(on: boolean): Promise<void> {
    writeFileSync(join(this.path, 'cgroup.freeze'), on ? '1' : '0')
    await waitUntil(on ? 'all are frozen' : 'all have thawed', () => this.frozen === on)
  }

  async remove(): Promise<void> {
    if (!this.#made) return
    const empty = (): boolean =>
      readFileSync(join(this.path, 'cgroup.events'), 'utf8').includes('populated 0')
    await waitUntil('its group is empty', empty)
    rmdirSync(this.path)
    this.#made = false
  }
}

let count = 0

/** Names of groups that are there now, ours alone. */
export function groupsLeft(): readonly string[] {
  const ours = `caisson-test-${process.pid}-`
  return readdirSync(tree).filter((name) => name.startsWith(ours))
}

/**
 * Freezes containers by cgroup v2: what a driver of the real thing does about pausing, for hosts whose
 * control groups are still those of version 1.
 */
export function testFreezer(): Driver<'limiter', 'openFiles', 'freeze'> {
  return defineDriver({
    kind: 'limiter',
    name: 'test-freezer',
    apiVersion: 1,
    // a limiter has to have one
    limits: ['openFiles'],
    features: ['freeze'],
    probe: () => Promise.resolve(probeFreezer()),
    create: () => ({
      async acquire(request): Promise<LimitLease> {
        const lease = await rlimits().create(Scope.root()).acquire(request)
        const group = new Group(`caisson-test-${process.pid}-${count++}`)
        return {
          enforced: lease.enforced,
          amendment: lease.amendment,
          reason: (end) => lease.reason(end),
          attach: (pid: number) => Promise.resolve(group.add(pid)),
          freeze: (on: boolean) => group.freeze(on),
          release: () => group.remove(),
        }
      },
    }),
  })
}
