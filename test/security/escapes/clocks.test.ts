// The clock is the host's; time namespaces are not used.
import { describeEscape } from '../describe-escape.js'

describeEscape({
  idea: 'clocks',
  held: {
    'set the clock': 'EPERM',
    'set the time of day': 'EPERM',
    'adjust the clock': 'EPERM',
    "read the clock's state": 'OK',
    '/dev/rtc0': 'ENOENT|EACCES',
  },
  openings: [
    {
      by: "seccomp: 'unconfined'",
      options: {
        seccomp: 'unconfined',
      },
      further: ['set the clock', 'set the time of day'],
      still: {
        'adjust the clock': 'EPERM',
      },
    },
  ],
  outside: {
    further: ['adjust the clock'],
    needs: [25],
  },
})
