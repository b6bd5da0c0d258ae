// Root of a namespace of its own reaches kernel code that is root's otherwise (CVE-2022-0185, CVE-2023-32233 and many more).
// clone3 has its flags where no filter sees them.
import { describeEscape } from '../describe-escape.js'

describeEscape({
  idea: 'new-namespaces',
  held: {
    'unshare user': 'EPERM',
    'unshare user with high bits': 'EPERM',
    'unshare mount': 'EPERM',
    'unshare PID': 'EPERM',
    'unshare network': 'EPERM',
    'unshare cgroup': 'EPERM',
    'unshare time': 'EPERM',
    'clone user': 'EPERM',
    'clone mount': 'EPERM',
    'clone network': 'EPERM',
    'map ids anew': 'EPERM',
    'set the host name': 'EPERM',
    'clone3 user': 'ENOSYS',
    'clone without namespaces': 'OK',
  },
  openings: [
    {
      by: 'capabilities SYS_ADMIN',
      options: {
        capabilities: ['SYS_ADMIN'],
      },
      further: ['unshare mount', 'unshare PID', 'unshare network', 'clone network'],
      still: {
        'map ids anew': 'EPERM',
        'set the host name': 'EPERM',
      },
    },
  ],
})
