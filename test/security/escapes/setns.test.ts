// CVE-2016-9962 class: entering the namespaces of pid 1, or one's own again with other rights.
import { describeEscape } from '../describe-escape.js'

describeEscape({
  idea: 'setns',
  held: {
    'mount namespace of pid 1': 'EACCES',
    'user namespace of pid 1': 'EACCES',
    'PID namespace of pid 1': 'EACCES',
    'namespaces of pid 1 by pidfd': 'EPERM',
    'own mount namespace': 'EPERM',
    'own user namespace': 'EPERM',
    'own network namespace': 'EPERM',
    'a descriptor that is none': 'EPERM',
  },
  openings: [
    {
      by: 'capabilities SYS_ADMIN, SYS_PTRACE',
      options: {
        capabilities: ['SYS_ADMIN', 'SYS_PTRACE'],
      },
      further: ['own user namespace', 'a descriptor that is none'],
      still: {
        'mount namespace of pid 1': 'EACCES',
        'namespaces of pid 1 by pidfd': 'EPERM',
        'own mount namespace': 'EPERM',
        'own network namespace': 'EPERM',
      },
    },
  ],
})
