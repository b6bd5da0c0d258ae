// "Shocker" (2014): open_by_handle_at(2) passes every mount and directory; inode 2 is the root of most file systems.
import { describeEscape } from '../describe-escape.js'

describeEscape({
  idea: 'handles',
  held: {
    'open inode 2 by handle': 'EPERM',
    'open inode 2 by handle on a bind': 'EPERM',
    'open by a handle that is none': 'EPERM',
  },
  openings: [
    {
      by: 'capabilities DAC_READ_SEARCH',
      options: {
        capabilities: ['DAC_READ_SEARCH'],
      },
      further: ['open by a handle that is none'],
      still: {
        'open inode 2 by handle': 'EPERM|ESTALE',
        'open inode 2 by handle on a bind': 'EPERM|ESTALE',
      },
    },
  ],
})
