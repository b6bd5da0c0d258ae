// userfaultfd(2) stops the kernel in the middle of a copy, which made many races winnable.
import { describeEscape } from '../describe-escape.js'

describeEscape({
  idea: 'userfaultfd',
  held: {
    userfaultfd: 'EPERM',
    '/dev/userfaultfd': 'ENOENT|EACCES',
  },
  openings: [
    {
      by: "seccomp: 'unconfined'",
      options: {
        seccomp: 'unconfined',
      },
      further: ['userfaultfd'],
    },
  ],
})
