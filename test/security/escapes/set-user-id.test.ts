// A set-user-ID program of the root, run by a plain user of the container.
import { describeEscape } from '../describe-escape.js'

describeEscape({
  idea: 'set-user-id',
  options: {
    user: 'plain',
  },
  held: {
    'effective root by a set-user-ID program': 'EPERM',
  },
  openings: [
    {
      by: 'allowNewPrivileges',
      options: {
        allowNewPrivileges: true,
      },
      further: ['effective root by a set-user-ID program'],
    },
  ],
})
