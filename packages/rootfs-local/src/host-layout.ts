/** Top directories of a host that hold its system: they are shown where they exist. */
export const SYSTEM_DIRECTORIES: readonly string[] = [
  '/usr',
  '/etc',
  '/opt',
  '/var/lib',
  '/bin',
  '/sbin',
  '/lib',
  '/lib32',
  '/lib64',
  '/libx32',
  // Where the system of such hosts really lies.
  '/nix',
  '/gnu',
]

/** Directories that programs expect and that are empty in the view, with their modes. */
export const EMPTY_DIRECTORIES: readonly (readonly [path: string, mode: number])[] = [
  ['/tmp', 0o1777],
  ['/root', 0o700],
  ['/run', 0o755],
  ['/run/lock', 0o1777],
  ['/home', 0o755],
  ['/srv', 0o755],
  ['/mnt', 0o755],
  ['/media', 0o755],
  ['/boot', 0o755],
  ['/proc', 0o555],
  ['/sys', 0o555],
  ['/dev', 0o755],
  ['/var', 0o755],
  ['/var/cache', 0o755],
  ['/var/log', 0o755],
  ['/var/mail', 0o1777],
  ['/var/opt', 0o755],
  ['/var/spool', 0o755],
  ['/var/tmp', 0o1777],
]

/** Links that every current system has. */
export const FIXED_LINKS: readonly (readonly [path: string, target: string])[] = [
  ['/var/run', '/run'],
  ['/var/lock', '/run/lock'],
]

/**
 * Secrets and the state of daemons, by name. Beside these, everything in SCANNED_DIRECTORIES that other users of the host
 * may not read is hidden, so that a container of root's sees no more than any user does.
 */
export const HIDDEN_PATHS: readonly string[] = [
  '/etc/.pwd.lock',
  '/etc/shadow',
  '/etc/shadow-',
  '/etc/gshadow',
  '/etc/gshadow-',
  '/etc/security/opasswd',
  '/etc/sudoers',
  '/etc/sudoers.d',
  '/etc/machine-id',
  '/etc/fstab',
  '/etc/crypttab',
  '/etc/cryptsetup-keys.d',
  '/etc/credstore',
  '/etc/credstore.encrypted',
  '/etc/krb5.keytab',
  '/etc/ipsec.secrets',
  '/etc/ipsec.d/private',
  '/etc/ppp/chap-secrets',
  '/etc/ppp/pap-secrets',
  '/etc/wireguard',
  '/etc/openvpn',
  '/etc/wpa_supplicant',
  '/etc/NetworkManager/system-connections',
  '/etc/letsencrypt',
  '/etc/ssl/private',
  '/etc/pki/tls/private',
  '/etc/pki/private',
  '/etc/docker',
  '/etc/containers/auth.json',
  '/etc/kubernetes',
  '/etc/rancher',
  '/etc/cloud',
  '/etc/boto.cfg',
  '/etc/aws',
  '/etc/google',
  '/etc/azure',
  '/etc/netrc',
  '/etc/npmrc',
  '/etc/pip.conf',
  '/etc/git-credentials',
  '/var/lib/docker',
  '/var/lib/containers',
  '/var/lib/containerd',
  '/var/lib/caisson',
  '/var/lib/cloud',
  '/var/lib/cni',
  '/var/lib/kubelet',
  '/var/lib/rancher',
  '/var/lib/etcd',
  '/var/lib/libvirt',
  '/var/lib/lxc',
  '/var/lib/lxd',
  '/var/lib/incus',
  '/var/lib/machines',
  '/var/lib/portables',
  '/var/lib/private',
  '/var/lib/snapd',
  '/var/lib/systemd',
  '/var/lib/NetworkManager',
  '/var/lib/dbus',
  '/var/lib/dhcp',
  '/var/lib/samba',
  '/var/lib/sss',
  '/var/lib/sudo',
  '/var/lib/vault',
  '/var/lib/consul',
]

/** Directories whose entries are hidden when other users of the host may not read them. */
export const SCANNED_DIRECTORIES: readonly string[] = ['/etc', '/etc/ssh', '/var/lib', '/opt']

/** Secrets by name, whatever their mode: private keys of the ssh server. */
export const HIDDEN_NAMES: readonly (readonly [directory: string, pattern: RegExp])[] = [
  ['/etc/ssh', /key$/],
]

/** File systems whose mounts below a system directory belong to the system. */
export const DISK_TYPES: ReadonlySet<string> = new Set([
  'ext2',
  'ext3',
  'ext4',
  'xfs',
  'btrfs',
  'f2fs',
  'zfs',
  'bcachefs',
  'erofs',
  'squashfs',
])
