// CVE-2022-0492: release_agent of a version 1 hierarchy is a program that the kernel starts as root of the host. CVE-2023-25809:
// a writable /sys/fs/cgroup.
import { describeEscape } from '../describe-escape.js'

describeEscape({
  idea: 'cgroups',
  held: {
    'mount a v1 hierarchy': 'EPERM',
    'mount a named v1 hierarchy': 'EPERM',
    'release_agent in nested namespaces': 'EPERM',
    release_agent: 'ENOENT|EROFS|EACCES|EPERM',
    'release_agent of memory': 'ENOENT|EROFS|EACCES|EPERM',
    "own group's processes": 'ENOENT|EROFS|EACCES|EPERM',
    'a new group': 'ENOENT|EROFS|EACCES|EPERM',
  },
  openings: [
    {
      by: 'capabilities SYS_ADMIN',
      options: {
        capabilities: ['SYS_ADMIN'],
      },
      further: [],
      still: {
        'mount a v1 hierarchy': 'EPERM',
        'release_agent in nested namespaces': 'EPERM|EACCES|EINVAL|ENODEV|EBUSY|ENOENT',
        release_agent: 'ENOENT|EROFS|EACCES|EPERM',
      },
    },
  ],
})
