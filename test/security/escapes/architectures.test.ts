// A filter for native calls is passed by int 0x80 and x32, where numbers mean other calls; socketcall of i386 has the family
// in memory, where no filter sees it.
import { describeEscape } from '../describe-escape.js'

describeEscape({
  idea: 'architectures',
  held: {
    ...(process.arch === 'x64'
      ? {
          'int 0x80 getpid': 'SIGSYS',
          'int 0x80 socketcall': 'SIGSYS',
          'x32 getpid': 'ENOSYS',
          'x32 ptrace': 'ENOSYS',
        }
      : {}),
    'a number beyond the table': 'ENOSYS',
    'the number -1': 'ENOSYS',
  },
  openings:
    process.arch === 'x64'
      ? [
          {
            by: "seccomp: 'unconfined'",
            options: { seccomp: 'unconfined' },
            further: ['int 0x80 getpid', 'int 0x80 socketcall'],
          },
        ]
      : [],
})
