// Who lowers his score has others killed in his place when memory is short.
import { describeEscape } from '../describe-escape.js'

describeEscape({
  idea: 'oom-score',
  held: {
    'lower the own score': 'EACCES',
    'lower the own score by its old file': 'EACCES|EINVAL',
    'lower the score of pid 1': 'EACCES',
    'raise the own score': 'OK',
  },
  openings: [
    {
      by: 'capabilities SYS_RESOURCE, DAC_OVERRIDE',
      options: {
        capabilities: ['SYS_RESOURCE', 'DAC_OVERRIDE'],
      },
      further: [],
      still: {
        'lower the own score': 'EACCES',
        'lower the own score by its old file': 'EACCES|EINVAL',
        'lower the score of pid 1': 'EACCES',
      },
    },
  ],
})
