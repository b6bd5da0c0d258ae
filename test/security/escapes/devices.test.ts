// Device nodes: MKNOD is not granted, and a root may bring nodes along. Even with the capability the kernel asks for one over
// the host, and every mount of the root is nodev.
import { describeEscape } from '../describe-escape.js'

describeEscape({
  idea: 'devices',
  held: {
    'make a disk': 'EPERM',
    'make a virtual disk': 'EPERM',
    'make /dev/mem': 'EPERM',
    'make /dev/kmsg': 'EPERM',
    'make /dev/null': 'EPERM',
    'make /dev/null in /dev/shm': 'EPERM',
    'make a whiteout': 'EPERM|EACCES|ENXIO',
    'open /dev/mem': 'ENOENT|EACCES',
    'open /dev/kmsg': 'ENOENT|EACCES',
    'open /dev/fuse': 'ENOENT|EACCES',
    'open /dev/net/tun': 'ENOENT|EACCES',
    'open /dev/kvm': 'ENOENT|EACCES',
    'open /dev/loop-control': 'ENOENT|EACCES',
    'open /dev/sda': 'ENOENT|EACCES',
    'open /dev/vda': 'ENOENT|EACCES',
    'open a null device of the root': 'EACCES|ENOENT',
    'open a disk of the root': 'EACCES|ENOENT',
    'change the mode of /dev/null': 'EROFS|EACCES|EPERM',
    'change the mode of a cover': 'EROFS|EACCES|EPERM',
    'open /dev/null': 'OK',
  },
  openings: [
    {
      by: 'capabilities MKNOD, DAC_OVERRIDE',
      options: {
        capabilities: ['MKNOD', 'DAC_OVERRIDE'],
      },
      further: [],
      still: {
        'make a disk': 'EPERM',
        'make a virtual disk': 'EPERM',
        'make /dev/mem': 'EPERM',
        'make /dev/kmsg': 'EPERM',
        'make /dev/null': 'EPERM',
        'make /dev/null in /dev/shm': 'EPERM',
        'open a disk of the root': 'EACCES|ENOENT',
      },
    },
  ],
})
