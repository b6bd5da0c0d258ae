// The kernel's log tells addresses and what other tenants do.
import { describeEscape } from '../describe-escape.js'

describeEscape({
  idea: 'kernel-log',
  held: {
    'size of the log': 'EPERM',
    'an action that is none': 'EPERM',
    '/proc/kmsg': 'EPERM|EACCES',
    '/dev/kmsg': 'ENOENT|EACCES',
  },
  outside: {
    further: ['size of the log', 'an action that is none', '/proc/kmsg'],
    needs: [34],
  },
})
