// Code in the host's kernel: modules and another kernel. All arguments are such that a kernel which listened would find fault.
import { describeEscape } from '../describe-escape.js'

describeEscape({
  idea: 'kernel-code',
  held: {
    'load another kernel': 'EPERM',
    'load a module': 'EPERM',
    'load a module by descriptor': 'EPERM',
    'remove a module': 'EPERM',
  },
  outside: {
    further: ['load another kernel', 'load a module by descriptor', 'remove a module'],
    needs: [16, 22],
  },
})
