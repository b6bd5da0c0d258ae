// CVE-2022-0811, CVE-2025-31133, CVE-2025-52565: who writes core_pattern, modprobe or uevent_helper has the host's kernel start
// a program as root.
import { describeEscape } from '../describe-escape.js'

describeEscape({
  idea: 'core-pattern',
  held: {
    core_pattern: 'EROFS|EACCES',
    'core_pattern through the own root': 'EROFS|EACCES',
    'core_pattern through pid 1': 'EROFS|EACCES',
    'core_pattern through a task': 'EROFS|EACCES',
    'mode of core_pattern': 'EROFS|EACCES',
    modprobe: 'EROFS|EACCES|ENOENT',
    uevent_helper: 'EROFS|EACCES|ENOENT',
    binfmt_misc: 'EROFS|EACCES|ENOENT',
    'own attributes': 'OK',
  },
  outside: {
    further: ['core_pattern', 'core_pattern through a task', 'modprobe'],
  },
})
