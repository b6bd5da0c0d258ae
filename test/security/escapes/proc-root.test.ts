// CVE-2016-9962 class: /proc/1 of a container leads to what its first process, a copy of the launcher, still holds.
import { describeEscape } from '../describe-escape.js'

describeEscape({
  idea: 'proc-root',
  held: {
    'root of pid 1': 'EACCES',
    'working directory of pid 1': 'EACCES',
    'file through the root of pid 1': 'EACCES',
    'descriptors of pid 1': 'EACCES',
    'details of descriptors of pid 1': 'EACCES',
    'mapped files of pid 1': 'EACCES|ENODATA',
    'namespace of pid 1': 'EACCES',
    'namespace of pid 1 by descriptor': 'EACCES',
    'environment of pid 1': 'EACCES',
    'memory map of pid 1': 'EACCES',
    'memory of pid 1': 'EACCES',
    'auxiliary vector of pid 1': 'EACCES',
    'stack of pid 1': 'EACCES',
    'mounts of pid 1': 'OK',
    'own root': 'OK',
    'own descriptors': 'OK',
    'own namespace': 'OK',
    'own memory': 'OK',
  },
  openings: [
    {
      by: 'capabilities SYS_PTRACE, DAC_OVERRIDE',
      options: {
        capabilities: ['SYS_PTRACE', 'DAC_OVERRIDE'],
      },
      further: [],
      still: {
        'root of pid 1': 'EACCES',
        'descriptors of pid 1': 'EACCES',
        'namespace of pid 1': 'EACCES',
        'environment of pid 1': 'EACCES',
        'memory of pid 1': 'EACCES',
      },
    },
  ],
  outside: {
    args: [String(process.pid)],
    further: [
      'root of pid 1',
      'descriptors of pid 1',
      'namespace of pid 1',
      'environment of pid 1',
      'memory of pid 1',
    ],
  },
})
