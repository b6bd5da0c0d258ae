/** A file that a root gets besides those of its packages. */
export interface BaseFile {
  readonly path: string
  readonly text: string
  readonly mode: number
}

// Ids as Debian's base-passwd assigns them to everybody.
const passwd = `root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
`
const group = `root:x:0:
daemon:x:1:
adm:x:4:
tty:x:5:
disk:x:6:
mail:x:8:
shadow:x:42:
utmp:x:43:
staff:x:50:
users:x:100:
nogroup:x:65534:
`

/** Files that maintainer scripts would make, each only where no package brought it. */
export const baseFiles: readonly BaseFile[] = [
  { path: '/etc/passwd', text: passwd, mode: 0o644 },
  { path: '/etc/group', text: group, mode: 0o644 },
  { path: '/etc/hosts', text: '127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost\n', mode: 0o644 },
  { path: '/etc/hostname', text: 'localhost\n', mode: 0o644 },
  { path: '/etc/resolv.conf', text: '', mode: 0o644 },
]

/** What base-passwd brings for /etc/passwd and /etc/group, which its script copies there. */
export const masterFiles: readonly { readonly from: string; readonly to: string }[] = [
  { from: '/usr/share/base-passwd/passwd.master', to: '/etc/passwd' },
  { from: '/usr/share/base-passwd/group.master', to: '/etc/group' },
]

/** Directories that every root has; those that packages bring keep what packages say. */
export const baseDirectories: readonly { readonly path: string; readonly mode: number }[] = [
  { path: '/etc', mode: 0o755 },
  { path: '/usr', mode: 0o755 },
  { path: '/usr/bin', mode: 0o755 },
  { path: '/usr/sbin', mode: 0o755 },
  { path: '/usr/lib', mode: 0o755 },
  { path: '/usr/local', mode: 0o755 },
  { path: '/var', mode: 0o755 },
  { path: '/var/lib', mode: 0o755 },
  { path: '/var/lib/dpkg', mode: 0o755 },
  { path: '/var/lib/dpkg/info', mode: 0o755 },
  { path: '/var/lib/dpkg/updates', mode: 0o755 },
  { path: '/var/tmp', mode: 0o1777 },
  { path: '/home', mode: 0o755 },
  { path: '/root', mode: 0o700 },
  { path: '/run', mode: 0o755 },
  { path: '/tmp', mode: 0o1777 },
  { path: '/proc', mode: 0o555 },
  { path: '/sys', mode: 0o555 },
  { path: '/dev', mode: 0o755 },
]

/** Links of a merged /usr, which have to be there before anything is unpacked; `lib64` where the architecture has one. */
export function mergedUsrLinks(architecture: string): readonly string[] {
  const wide: ReadonlySet<string> = new Set(['amd64', 'loong64', 'mips64el', 'ppc64el'])
  return ['bin', 'sbin', 'lib', ...(wide.has(architecture) ? ['lib64'] : [])]
}
