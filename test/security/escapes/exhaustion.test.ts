// All of what there is: every tmpfs has a limit on bytes and inodes, processes are counted, queues belong to the container.
import { describeEscape } from '../describe-escape.js'

describeEscape({
  idea: 'exhaustion',
  args: [
    '/etc:6000000',
    '/etc:300',
    '/dev/shm:80000000',
    '/dev/shm:17000',
    '/:80',
    '/:300',
    '/:2000000',
  ],
  options: {
    writable: {
      size: '4MiB',
      inodes: 200,
    },
    limits: {
      processes: 40,
      openFiles: 100,
    },
  },
  held: {
    'bytes of the root': 'ENOSPC',
    'files of the root': 'ENOSPC',
    'bytes of /dev/shm': 'ENOSPC',
    'files of /dev/shm': 'ENOSPC',
    processes: 'EAGAIN',
    // Landlock, which keeps a chroot, knows no place for queues
    'message queues': 'EMFILE|ENOSPC|EACCES',
    descriptors: 'EMFILE',
    'a file in /dev': 'EROFS|EACCES',
    'a file in a cover': 'EROFS|EACCES|ENOENT',
  },
  // The kernel does not count processes of the host's root (RLIMIT_NPROC): docs/hardening.md, known limits.
  singleIdOfRoot: { processes: 'OK' },
  openings: [
    {
      by: 'larger limits',
      options: {
        writable: {
          size: '16MiB',
          inodes: 4000,
        },
        limits: {
          processes: 200,
          openFiles: 100,
        },
      },
      further: ['bytes of the root', 'files of the root', 'processes'],
    },
  ],
})
