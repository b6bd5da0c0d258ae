// A mount that is taken away, made writable or laid over another undoes what the mounts of a container hide. With SYS_ADMIN
// a container may have namespaces of its own in it; even there the covers are locked, and the kernel gives no procfs or sysfs
// that shows more than the one that is there (CVE-2022-0185 class: the surface alone is worth refusing).
import { describeEscape } from '../describe-escape.js'

describeEscape({
  idea: 'mounts',
  held: {
    'mount tmpfs': 'EPERM',
    'mount proc': 'EPERM',
    'mount sysfs': 'EPERM',
    'mount cgroup2': 'EPERM',
    'mount debugfs': 'EPERM',
    'mount devpts': 'EPERM',
    'mount from a bad pointer': 'EPERM',
    'bind the root': 'EPERM',
    'remount /sys writable': 'EPERM',
    'remount /proc/sys writable': 'EPERM',
    'remount / without nosuid': 'EPERM',
    'make / shared': 'EPERM',
    'unmount a cover': 'EPERM',
    'unmount /proc': 'EPERM',
    'unmount /': 'EPERM',
    'fsopen tmpfs': 'EPERM',
    'open_tree clone of /': 'EPERM',
    'move_mount of /proc': 'EPERM',
    'mount_setattr of /sys': 'EPERM',
    pivot_root: 'EPERM',
    'tmpfs in a nested user namespace': 'EPERM',
    'proc in a nested user namespace': 'EPERM',
    'sysfs in a nested user namespace': 'EPERM',
    'a cover lifted in a nested user namespace': 'EPERM',
    '/sys writable in a nested user namespace': 'EPERM',
  },
  openings: [
    {
      by: 'capabilities SYS_ADMIN',
      options: {
        capabilities: ['SYS_ADMIN'],
      },
      further: ['mount from a bad pointer'],
      still: {
        'mount proc': 'EPERM',
        'unmount a cover': 'EPERM',
        'unmount /proc': 'EPERM',
        'remount /sys writable': 'EPERM',
        'mount_setattr of /sys': 'EPERM',
        pivot_root: 'EPERM',
        'proc in a nested user namespace': 'EPERM',
        'sysfs in a nested user namespace': 'EPERM',
        '/sys writable in a nested user namespace': 'EPERM',
        'a cover lifted in a nested user namespace': 'EPERM|EINVAL',
      },
    },
  ],
})
