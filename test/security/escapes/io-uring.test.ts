// io_uring does system calls where no filter sees them.
import { describeEscape } from '../describe-escape.js'

describeEscape({
  idea: 'io-uring',
  held: {
    'set up a ring': 'EPERM',
    'enter a ring': 'EPERM',
    'register with a ring': 'EPERM',
    // counted for the whole machine: one container could take all of them
    'a context of the old kind': 'ENOSYS',
  },
  openings: [
    {
      by: "seccomp: 'unconfined'",
      options: {
        seccomp: 'unconfined',
      },
      further: ['enter a ring', 'register with a ring', 'a context of the old kind'],
    },
  ],
})
