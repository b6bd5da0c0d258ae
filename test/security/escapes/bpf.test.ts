// bpf(2): programs in the kernel, a verifier with a record of escapes (CVE-2021-3490, CVE-2022-23222 and more).
import { describeEscape } from '../describe-escape.js'

describeEscape({
  idea: 'bpf',
  held: {
    'a command that is none': 'EPERM',
    'load a program': 'EPERM',
  },
  openings: [
    {
      by: "seccomp: 'unconfined'",
      options: {
        seccomp: 'unconfined',
      },
      further: ['a command that is none'],
    },
  ],
})
