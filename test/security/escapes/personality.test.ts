// Personalities switch off protections of programs: randomized addresses, data that is not executable, an empty page 0.
import { describeEscape } from '../describe-escape.js'

describeEscape({
  idea: 'personality',
  held: {
    'no randomized addresses': 'EPERM',
    'executable data': 'EPERM',
    'page 0 mapped': 'EPERM',
    Linux: 'OK',
    'only ask': 'OK',
  },
  openings: [
    {
      by: "seccomp: 'unconfined'",
      options: {
        seccomp: 'unconfined',
      },
      further: ['no randomized addresses', 'executable data', 'page 0 mapped'],
    },
  ],
})
