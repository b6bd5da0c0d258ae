// Files of /proc and /sys by which a writer changes the host. All of them are tried, by opening for writing; nothing is written.
import { describeEscape } from '../describe-escape.js'

describeEscape({
  idea: 'kernel-files',
  held: {
    'any file of /sys': 'EACCES|EROFS',
    'any file of /proc/sys': 'EACCES|EROFS',
    'a directory in /sys': 'EROFS|EACCES',
    'cut a file of /proc/sys': 'EROFS|EACCES',
    'memory of the kernel': 'EROFS|EACCES|ENOENT|EPERM',
    interrupts: 'EROFS|EACCES|ENOENT',
    'a PCI device': 'EROFS|EACCES|ENOENT|EISDIR',
  },
})
