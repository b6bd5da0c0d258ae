import { posix } from 'node:path'
import {
  invalidArgument,
  type CaissonError,
  type ContainerStep,
  type MountSpec,
  type TemplateStep,
} from '@caisson/core'
import { isInside } from './inside.js'
import { inert, MountAttribute } from './mount-attributes.js'
import type { PlanInput } from './plan-input.js'
import { sourceOwner } from './source-owner.js'

/** A place in the root where something is mounted. */
export interface MountTarget {
  readonly to: string
  /** It lies on another mount, so it can only be made when that one is there. */
  readonly nested: boolean
  /** Make it. */
  readonly steps: readonly ContainerStep[]
}

/** Where the caller's bind number `n` is parked. */
function bindPath(n: number): string {
  return `b/${n}`
}

function refuseTarget(n: number, to: string, why: string): TypeError & CaissonError {
  return invalidArgument({ field: `mounts[${n}].to`, subject: to, why, code: 'ERR_MOUNT_TARGET' })
}

/** @throws TypeError ERR_MOUNT_TARGET */
function checkedTarget(mount: MountSpec, n: number): string {
  const { to } = mount
  if (!to.startsWith('/') || to.includes('\0')) {
    throw refuseTarget(n, to, 'it is not an absolute path')
  }
  if (to.split('/').includes('..')) throw refuseTarget(n, to, 'it contains ..')
  const path = posix.normalize(to).replace(/(?<=.)\/$/, '')
  if (path === '/') throw refuseTarget(n, to, 'the root is what `from` says')
  const reserved = ['/proc', '/sys', '/dev'].find((own) => isInside(path, own))
  if (reserved !== undefined && path !== '/dev/shm') {
    throw refuseTarget(n, to, `${reserved} is the container's own`)
  }
  return path
}

function isDirectory(input: PlanInput, mount: MountSpec, n: number): boolean {
  if (mount.kind === 'tmpfs') return true
  const is = input.host.isDirectory(mount.from)
  if (is !== undefined) return is
  const why = 'there is no such file or directory on the host'
  const field = `mounts[${n}].from`
  throw invalidArgument({ field, subject: mount.from, why, code: 'ERR_MOUNT_SOURCE' })
}

interface CallerMount {
  readonly mount: MountSpec
  readonly number: number
  readonly to: string
  readonly directory: boolean
}

function depth(path: string): number {
  return path.split('/').length
}

/** Outer ones first, so that none covers another by accident; else in the caller's order. */
function callerMounts(input: PlanInput): readonly CallerMount[] {
  return input.spec.mounts
    .map((mount, number) => ({
      mount,
      number,
      to: checkedTarget(mount, number),
      directory: isDirectory(input, mount, number),
    }))
    .toSorted((a, b) => depth(a.to) - depth(b.to))
}

/** Whether /tmp is a tmpfs that nobody asked for. */
export function hasOwnTmp(input: PlanInput): boolean {
  return input.kind === 'chroot' && !input.spec.mounts.some((mount) => mount.to === '/tmp')
}

/** Every place where something will be mounted: ours first, then the caller's. */
export function mountTargets(input: PlanInput): readonly MountTarget[] {
  const { rootUid: uid, rootGid: gid } = input.identity
  const mkdir = (path: string, mode: number) => ({ op: 'mkdir' as const, path, mode, uid, gid })
  const own = [
    ['/proc', 0o555],
    ...(input.spec.isolation.sysfs === 'none' ? [] : [['/sys', 0o555] as const]),
    ['/dev', 0o755],
    ...(hasOwnTmp(input) ? [['/tmp', 0o1777] as const] : []),
  ] as const
  const targets: MountTarget[] = own.map(([to, mode]) => ({
    to,
    nested: false,
    steps: [mkdir(to, mode)],
  }))
  for (const { to, directory } of callerMounts(input)) {
    const nested = targets.some((target) => target.to !== to && isInside(to, target.to))
    const parent = posix.dirname(to)
    const content = new Uint8Array()
    const steps: readonly ContainerStep[] = directory
      ? [mkdir(to, 0o755)]
      : [
          ...(parent === '/' ? [] : [mkdir(parent, 0o755)]),
          { op: 'file', path: to, mode: 0o644, uid, gid, content },
        ]
    // /dev/shm is part of the device tree
    targets.push({ to, nested, steps: to === '/dev/shm' ? [] : steps })
  }
  return targets
}

/**
 * Template: the caller's binds, without devices and set-user-ID bits.
 * @throws TypeError ERR_INVALID_SPEC; CaissonError ERR_UNSUPPORTED
 */
export function mountTemplateSteps(input: PlanInput): readonly TemplateStep[] {
  const { spec, identity } = input
  return spec.mounts.flatMap((mount, n): readonly TemplateStep[] => {
    if (mount.kind !== 'bind') return []
    const attrs =
      MountAttribute.nosuid |
      MountAttribute.nodev |
      (mount.readonly ? MountAttribute.readonly : 0) |
      (mount.exec ? 0 : MountAttribute.noexec) |
      (mount.symlinks ? 0 : MountAttribute.nosymfollow)
    const bind = { source: mount.from, at: bindPath(n), recursive: 1, attrs }
    const owner = mount.owner === 'source' ? sourceOwner(input, n) : undefined
    if (owner !== undefined) return [{ op: 'ownedBind', ...bind, ...owner }]
    const idmap = identity.mode === 'root' && !input.unmapped.has(mount.from) ? 1 : 0
    return [{ op: 'bind', ...bind, idmap }]
  })
}

interface TmpfsShape {
  readonly bytes: number
  readonly inodes: number
  readonly exec: boolean
}

function tmpfs(input: PlanInput, at: string, { bytes, inodes, exec }: TmpfsShape): ContainerStep {
  const { rootUid, rootGid } = input.identity
  return {
    op: 'mount',
    type: 'tmpfs',
    at,
    options: [
      `size=${bytes}`,
      `nr_inodes=${inodes}`,
      'mode=1777',
      `uid=${rootUid}`,
      `gid=${rootGid}`,
    ],
    attrs: exec ? MountAttribute.nosuid | MountAttribute.nodev : inert,
  }
}

/**
 * Container: the mounts that the caller asked for; and for chroot a fresh /tmp.
 * @throws TypeError ERR_MOUNT_SOURCE, ERR_MOUNT_TARGET
 */
export function mountSteps(input: PlanInput): readonly ContainerStep[] {
  const { spec } = input
  const targets = new Map(mountTargets(input).map((target) => [target.to, target]))
  const fresh = { bytes: spec.upperBytes, inodes: spec.upperInodes, exec: true }
  const own = hasOwnTmp(input) ? [tmpfs(input, '/tmp', fresh)] : []
  const callers = callerMounts(input).flatMap(({ mount, number, to }): readonly ContainerStep[] => {
    const target = targets.get(to)
    const make = target?.nested === true ? target.steps : []
    if (mount.kind === 'bind') return [...make, { op: 'move', from: bindPath(number), at: to }]
    // A tmpfs without a limit on its inodes is a limit on nothing: they are kernel memory.
    const inodes = Math.max(1024, Math.ceil(mount.sizeBytes / 4096))
    return [...make, tmpfs(input, to, { bytes: mount.sizeBytes, inodes, exec: mount.exec })]
  })
  return [...own, ...callers]
}
