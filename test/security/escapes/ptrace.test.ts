// CVE-2016-9962: pid 1 of a container is the launcher's copy; who traces it has what it holds. Processes outside have no number
// inside.
import { describeEscape } from '../describe-escape.js'

describeEscape({
  idea: 'ptrace',
  held: {
    'attach to pid 1': 'EPERM',
    'seize pid 1': 'EPERM',
    'read memory of pid 1': 'EPERM',
    'take a descriptor of pid 1': 'EPERM',
    'take a descriptor of nobody': 'EPERM',
    'compare with pid 1': 'EPERM',
    'attach to an own child': 'OK',
  },
  openings: [
    {
      by: 'capabilities SYS_PTRACE',
      options: {
        capabilities: ['SYS_PTRACE'],
      },
      further: ['take a descriptor of nobody'],
      still: {
        'attach to pid 1': 'EPERM',
        'seize pid 1': 'EPERM',
        'read memory of pid 1': 'EPERM',
        'take a descriptor of pid 1': 'EPERM',
      },
    },
  ],
})
