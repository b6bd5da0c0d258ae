// perf_event_open(2): measures other processes, and CVE-2013-2094.
import { describeEscape } from '../describe-escape.js'

describeEscape({
  idea: 'perf',
  held: {
    'open an event': 'EPERM',
  },
  openings: [
    {
      by: "seccomp: 'unconfined'",
      options: {
        seccomp: 'unconfined',
      },
      further: ['open an event'],
    },
  ],
})
