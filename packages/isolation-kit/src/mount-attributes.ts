/** MOUNT_ATTR_* of mount_setattr(2). */
export const MountAttribute = Object.freeze({
  readonly: 0x1,
  nosuid: 0x2,
  nodev: 0x4,
  noexec: 0x8,
  nosymfollow: 0x200000,
})

/** What holds no program and no device: /proc, /sys, /dev/shm. */
export const inert = MountAttribute.nosuid | MountAttribute.nodev | MountAttribute.noexec
