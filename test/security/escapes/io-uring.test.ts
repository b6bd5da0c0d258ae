// io_uring does system calls where no filter sees them.
import { describeEscape } from '../describe-escape.js'

describeEscape({
  idea: 'io-uring',
  held: {
    'set up a ring': 'EPERM',
    'enter a ring': 'EPERM',
    'register with a ring': 'EPERM',
  },
  openings: [
    {
      by: "seccomp: 'unconfined'",
      options: {
        seccomp: 'unconfined',
      },
      further: ['enter a ring', 'register with a ring'],
    },
  ],
})
