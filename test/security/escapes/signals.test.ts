// The kernel keeps signals from pid 1 that it does not handle, and knows no process outside by any number.
import { describeEscape } from '../describe-escape.js'

describeEscape({
  idea: 'signals',
  held: {
    'kill pid 1': 'EPERM',
    'terminate pid 1': 'EPERM',
    'stop pid 1': 'EPERM',
    'signal itself': 'OK',
  },
})
