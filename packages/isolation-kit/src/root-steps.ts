import {
  CaissonError,
  type ContainerStep,
  type MkdirStep,
  type RootPart,
  type TemplateStep,
} from '@caisson/core'
import { isInside } from './inside.js'
import { MountAttribute } from './mount-attributes.js'
import { mountTargets } from './mount-steps.js'
import { readonlyPathSteps } from './readonly-path-steps.js'
import type { PlanInput } from './plan-input.js'
import { cover } from './proc-sys-steps.js'

/** Where lower `n` of part `part` is parked. */
export function lowerPath(part: number, n: number): string {
  return `l/${part}.${n}`
}

/** Where all lowers of a part are parked, topmost first. */
export function lowerPaths(part: number, { lowers }: RootPart): readonly string[] {
  return lowers.map((_, n) => lowerPath(part, n))
}

// A set-user-ID program of the root is of use only to those who allowed new privileges.
function rootAttributes({ spec }: PlanInput): number {
  return MountAttribute.nodev | (spec.allowNewPrivileges ? 0 : MountAttribute.nosuid)
}

function isCopy({ copyOnWrite }: PlanInput): boolean {
  return copyOnWrite === 'reflink' || copyOnWrite === 'copy'
}

function isServed({ copyOnWrite, root }: PlanInput): boolean {
  return copyOnWrite === 'fuse-overlayfs' && root.copyOnWrite
}

/** Where the device of FUSE is parked. */
const FUSE_DEVICE = 'fuse'

/** How long fuse-overlayfs may take to its first answer: some milliseconds, and much on a machine that is overloaded. */
const ANSWER_MS = 10_000

/** Where a host directory for the container's writes is parked. */
const DISK_UPPER = 'u'

/** Template: the directory for the container's writes, where that is the host's. */
function upperTemplateSteps(input: PlanInput): readonly TemplateStep[] {
  const { upper, identity } = input
  if (upper === undefined) return []
  // of a copy, this is what the container sees
  const attrs = isCopy(input) ? rootAttributes(input) : MountAttribute.nodev | MountAttribute.nosuid
  // an overlay works in it as whoever mounted it: as root, the launcher needs an id there besides those of containers
  const idmap = identity.mode === 'root' ? 2 : 0
  return [{ op: 'bind', source: upper, at: DISK_UPPER, recursive: 0, attrs, idmap }]
}

/** Template: what a connection to the kernel is opened by, for whoever builds roots; no container sees it. */
function fuseTemplateSteps(input: PlanInput): readonly TemplateStep[] {
  if (!isServed(input)) return []
  return [{ op: 'device', source: '/dev/fuse', at: FUSE_DEVICE, major: 10, minor: 229 }]
}

/** Template: clones of the root's host directories, read-only, with their ids mapped where the launcher may do that. */
export function rootTemplateSteps(input: PlanInput): readonly TemplateStep[] {
  const attrs = MountAttribute.readonly | rootAttributes(input)
  const parked = input.root.parts.flatMap(({ lowers }, part) =>
    lowers.map((source, n): TemplateStep => ({
      op: 'bind',
      source,
      at: lowerPath(part, n),
      recursive: 0,
      attrs,
      idmap: input.identity.mode === 'root' && !input.unmapped.has(source) ? 1 : 0,
    })),
  )
  return [...parked, ...upperTemplateSteps(input), ...fuseTemplateSteps(input)]
}

/**
 * What a container writes may be exported or compared later: no layer may point at names or data of another (`nofollow`
 * holds for attributes that a hostile root brings along, too). Defaults of these differ from one distribution to the next, so
 * all are said; `xino=off` since inode numbers with high bits set break 32-bit programs. In a user namespace the marks of
 * overlays live in user.* attributes, since trusted.* ones are the host's: without `userxattr`, `rm -r` of a lower directory
 * is EIO there.
 */
function overlayOptions({ identity, upper }: PlanInput): readonly string[] {
  const options = ['redirect_dir=nofollow', 'metacopy=off', 'index=off', 'xino=off']
  // nobody's writes need to survive the machine: what is kept is written to the disk when it is kept
  if (upper !== undefined) options.push('volatile')
  return identity.mode === 'root' ? options : [...options, 'userxattr']
}

function directory(input: PlanInput, path: string, mode = 0o755): MkdirStep {
  return { op: 'mkdir', path, mode, uid: input.identity.rootUid, gid: input.identity.rootGid }
}

function extraSteps(input: PlanInput): readonly ContainerStep[] {
  return input.root.extras.map((extra) =>
    extra.kind === 'symlink'
      ? { op: 'symlink', target: extra.target, path: extra.path }
      : directory(input, extra.path, extra.mode),
  )
}

/** Paths below a directory, relative to it. */
function masksIn(masked: readonly string[], at: string): readonly string[] {
  const above = at === '/' ? at : `${at}/`
  return masked.flatMap((path) => (path.startsWith(above) ? [path.slice(above.length)] : []))
}

function fuseOverlayfs({ host, spec }: PlanInput): string {
  const program = host.program('fuse-overlayfs')
  if (program !== undefined && host.isDirectory('/dev/fuse') !== undefined) return program
  throw new CaissonError({
    code: 'ERR_UNSUPPORTED',
    what: 'copyOnWrite',
    subject: spec.from,
    field: 'copyOnWrite',
    why:
      program === undefined
        ? 'there is no fuse-overlayfs that root alone may write'
        : 'there is no /dev/fuse',
    fix: `As root: ${program === undefined ? 'apt-get install fuse-overlayfs' : 'modprobe fuse'}; or choose another \`copyOnWrite\`.`,
  })
}

function writableStep(input: PlanInput, part: RootPart, index: number): ContainerStep {
  const lowers = lowerPaths(index, part)
  const place = { at: part.at, index, lowers }
  const attrs = rootAttributes(input)
  if (lowers.length === 0) return { op: 'overlay', ...place, options: [], attrs }
  if (isServed(input)) {
    const program = fuseOverlayfs(input)
    return { op: 'fuseRoot', ...place, device: FUSE_DEVICE, program, answerMs: ANSWER_MS, attrs }
  }
  return isCopy(input)
    ? {
        op: 'copyRoot',
        ...place,
        // neither secrets nor the store that the copy lies in
        closed: masksIn(input.root.masked, part.at),
        apart: input.copyOnWrite === 'copy' ? 1 : 0,
        attrs,
      }
    : { op: 'overlay', ...place, options: overlayOptions(input), attrs }
}

function overlaySteps(input: PlanInput): readonly ContainerStep[] {
  const { root } = input
  const overlays = root.parts.flatMap((part, index): readonly ContainerStep[] => [
    ...(part.at === '/' ? [] : [directory(input, part.at)]),
    writableStep(input, part, index),
  ])
  return [upperStep(input), ...overlays]
}

function upperStep({ spec, identity, upper }: PlanInput): ContainerStep {
  const owner = { uid: identity.rootUid, gid: identity.rootGid }
  if (upper !== undefined) return { op: 'diskUpper', from: DISK_UPPER, ...owner }
  const [bytes, inodes] = [BigInt(spec.upperBytes), BigInt(spec.upperInodes)]
  return { op: 'upper', bytes, inodes, ...owner }
}

function plainRootSteps({ root, spec }: PlanInput): readonly ContainerStep[] {
  const [part, ...more] = root.parts
  const usable = part?.at === '/' && part.lowers.length === 1 && more.length === 0
  if (!usable || !spec.readonlyRoot) {
    const why = usable
      ? 'this root cannot be made writable'
      : 'a root without copy-on-write must be one directory'
    const fix = usable ? 'Set readonlyRoot: true.' : undefined
    throw new CaissonError({
      code: 'ERR_ROOTFS_INVALID',
      what: 'root',
      subject: spec.from,
      why,
      fix,
      field: 'from',
    })
  }
  return [{ op: 'root', from: lowerPath(0, 0) }]
}

/**
 * Container: the root, with a directory wherever something will be mounted, and without what its provider hides.
 * @throws CaissonError ERR_ROOTFS_INVALID
 */
export function rootSteps(input: PlanInput): readonly ContainerStep[] {
  const { root, spec } = input
  const base = root.copyOnWrite ? overlaySteps(input) : plainRootSteps(input)
  const targets = mountTargets(input)
  // The root's own mount becomes read-only last, when all is in its place; its other parts now, before others' mounts lie
  // on them.
  const parts = spec.readonlyRoot ? root.parts.filter((part) => part.at !== '/') : []
  return [
    ...base,
    ...extraSteps(input),
    ...targets.filter((target) => !target.nested).flatMap((target) => target.steps),
    ...parts.map((part) => ({ op: 'readonly' as const, path: part.at, required: 1 })),
    // before the caller's mounts, which are what they say themselves
    ...readonlyPathSteps(input),
    ...root.masked.map((path) => ({ op: 'mask' as const, path, ...cover })),
  ]
}

/** Container: the last thing before the root becomes /. */
export function sealSteps({ spec, root }: PlanInput): readonly ContainerStep[] {
  if (!spec.readonlyRoot || !root.copyOnWrite) return []
  return [{ op: 'rootAttrs', attrs: MountAttribute.readonly }]
}

/** Whether a path is one that the steps made themselves, or a directory on the way to one. */
export function isOurs(input: PlanInput): (path: string) => boolean {
  const made = [
    ...mountTargets(input).map((target) => target.to),
    ...input.root.extras.map((extra) => extra.path),
    ...input.root.parts.map((part) => part.at),
  ]
  return (path) => made.some((one) => isInside(one, path))
}
