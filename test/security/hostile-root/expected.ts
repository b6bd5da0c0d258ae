/** Shapes that come to the same. */
const kinds = {
  'absolute link': 'out',
  'climbing link': 'out',
  'link through /proc': 'magic',
  'link to itself': 'loop',
  'dangling link': 'dangling',
  FIFO: 'thing',
  'regular file': 'thing',
  'null device': 'thing',
  'console device': 'thing',
  // to an overlay it is nothing
  whiteout: 'nothing',
  nothing: 'nothing',
} as const

type Kind = (typeof kinds)[keyof typeof kinds]
type Row = Readonly<Partial<Record<Kind, string>>>

/** The kernel's own file systems, and a mount right below the root: never through a link (CVE-2019-19921, CVE-2023-27561). */
const noLink: Row = {
  out: 'ERR_MOUNT_TARGET mkdir ELOOP',
  magic: 'ERR_MOUNT_TARGET mkdir ELOOP',
  loop: 'ERR_MOUNT_TARGET mkdir ELOOP',
  dangling: 'ERR_MOUNT_TARGET mkdir ELOOP',
  thing: 'ERR_MOUNT_TARGET mkdir ENOTDIR',
}

const cwd: Row = {
  out: 'ERR_CWD cwd ENOENT',
  magic: 'ERR_CWD cwd ENOENT',
  loop: 'ERR_CWD cwd ELOOP',
  dangling: 'ERR_CWD cwd ENOENT',
  thing: 'ERR_CWD cwd ENOTDIR',
  nothing: 'ERR_CWD cwd ENOENT',
}

/** What comes of a container whose root has something else at a path; what is not said works. */
const rows: Readonly<Record<string, Row>> = {
  '/proc': noLink,
  '/sys': noLink,
  '/dev': noLink,
  '/volume': noLink,
  '/work': cwd,
  // Links on the way to a mount stay in the root, and may lead nowhere yet: distributions have such.
  '/var/run': {
    magic: 'ERR_MOUNT_TARGET move ELOOP',
    loop: 'ERR_MOUNT_TARGET mkdir ELOOP',
    thing: 'ERR_MOUNT_TARGET mkdir ENOTDIR',
  },
  '/etc/resolv.conf': {
    magic: 'ERR_MOUNT_TARGET move ELOOP',
    loop: 'ERR_MOUNT_TARGET move ELOOP',
  },
}

/** chroot has a fresh /tmp. */
const chrootRows: Readonly<Record<string, Row>> = { ...rows, '/tmp': noLink }

const lookUps: Row = {
  out: 'ERR_USER_NOT_FOUND user ENOENT',
  magic: 'ERR_USER_NOT_FOUND user ELOOP',
  loop: 'ERR_USER_NOT_FOUND user ELOOP',
  dangling: 'ERR_USER_NOT_FOUND user ENOENT',
  thing: 'ERR_USER_NOT_FOUND user ENOTDIR',
  nothing: 'ERR_USER_NOT_FOUND user ENOENT',
}

/** A user by name is looked up in the container's own /etc/passwd: never outside, and never waiting for it (CVE-2024-9676). */
const named: Readonly<Record<string, Row>> = {
  '/etc': lookUps,
  '/etc/passwd': { ...lookUps, thing: 'ERR_USER_NOT_FOUND user EACCES' },
}

/** By shape, where it is not by kind. */
const special: Readonly<Record<string, string>> = {
  '/etc/passwd FIFO': 'ERR_USER_NOT_FOUND user EINVAL',
  '/etc/passwd regular file': 'ERR_USER_NOT_FOUND user ENOENT',
}

function isShape(name: string): name is keyof typeof kinds {
  return Object.hasOwn(kinds, name)
}

/**
 * `works`, or code, step and errno of the refusal.
 * @param user `root`, or one that is looked up by name
 */
export function expectedOutcome(
  driver: string,
  target: string,
  shape: string,
  user: 'root' | 'named',
): string {
  if (!isShape(shape)) throw new Error(`no kind is known of ${shape}`)
  const kind = kinds[shape]
  const refused = (driver === 'chroot' ? chrootRows : rows)[target]?.[kind]
  // before the user is looked up; the working directory comes after
  if (refused !== undefined && target !== '/work') return refused
  const lookedUp = user === 'named' ? named[target]?.[kind] : undefined
  if (lookedUp !== undefined) return special[`${target} ${shape}`] ?? lookedUp
  return refused ?? 'works'
}
