// CVE-2019-5736: pid 1 of a container runs the launcher's program; who could open that could keep it, and write to it later.
import { describeEscape } from '../describe-escape.js'

describeEscape({
  idea: 'proc-exe',
  held: {
    'read the program of pid 1': 'EACCES',
    'write the program of pid 1': 'EACCES',
    'name of the program of pid 1': 'EACCES',
    'execute the program of pid 1': 'EACCES',
    'write the own program while it runs': 'ETXTBSY',
  },
  openings: [
    {
      by: 'capabilities SYS_PTRACE, DAC_OVERRIDE',
      options: { capabilities: ['SYS_PTRACE', 'DAC_OVERRIDE'] },
      further: [],
      still: {
        'read the program of pid 1': 'EACCES',
        'write the program of pid 1': 'EACCES',
        'execute the program of pid 1': 'EACCES',
      },
    },
  ],
})
