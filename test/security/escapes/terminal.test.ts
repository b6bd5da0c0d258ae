// CVE-2017-5226, CVE-2019-10063: typing into the terminal that is shared with the caller. The kernel looks at 32 bits of the
// request, so that a filter must, too. And another line discipline, for which the kernel loads a driver.
import { describeEscape } from '../describe-escape.js'

describeEscape({
  idea: 'terminal',
  tty: { cols: 80, rows: 24 },
  held: {
    TIOCSTI: 'EPERM',
    'TIOCSTI with high bits': 'EPERM',
    TIOCLINUX: 'EPERM',
    'TIOCLINUX with high bits': 'EPERM',
    'another line discipline': 'EPERM',
    'another line discipline with high bits': 'EPERM',
    'take the console': 'EPERM',
    'steal the terminal': 'EPERM',
    'a virtual console': 'ENOENT|EACCES',
    'the size of the terminal': 'OK',
  },
  openings: [
    {
      by: "seccomp: 'unconfined'",
      options: {
        seccomp: 'unconfined',
      },
      further: [
        'TIOCSTI',
        'TIOCSTI with high bits',
        'TIOCLINUX',
        'TIOCLINUX with high bits',
        'another line discipline',
        'another line discipline with high bits',
      ],
      still: {
        'take the console': 'EPERM',
        'steal the terminal': 'EPERM',
      },
    },
  ],
})
