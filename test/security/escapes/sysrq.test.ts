// One letter written to /proc/sysrq-trigger crashes or restarts the host.
import { describeEscape } from '../describe-escape.js'

describeEscape({
  idea: 'sysrq',
  held: {
    'sysrq-trigger': 'EROFS|EACCES|ENOENT',
    'sysrq-trigger through the own root': 'EROFS|EACCES|ENOENT',
    'enable sysrq': 'EROFS|EACCES|ENOENT',
  },
  outside: {
    further: ['sysrq-trigger', 'enable sysrq'],
  },
})
