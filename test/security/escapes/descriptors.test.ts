// CVE-2024-21626: a directory that the caller left open is a way out by /proc/self/fd/N, as the working directory or as the
// program. Here nothing is left open; descriptors-of-the-caller.test.ts has the caller leave directories open.
import { describeEscape } from '../describe-escape.js'

describeEscape({
  idea: 'descriptors',
  held: {
    'a descriptor beyond the standard streams': 'EBADF',
    'a directory as a standard stream': 'ENOTDIR',
    'a working directory outside': 'ENOENT',
  },
})
