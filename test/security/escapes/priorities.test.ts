// Taking the host's time or memory away from others: priorities and limits are the host's to give, not a container's to raise.
import { describeEscape } from '../describe-escape.js'

describeEscape({
  idea: 'priorities',
  held: {
    'raise the limit of open files': 'EPERM',
    'raise the limit of queued bytes': 'EPERM',
    'raise the limit of pending signals': 'EPERM',
    'raise the limit of locked memory': 'EPERM|ENODATA',
    'lower the limit of open files': 'OK',
    'a higher priority': 'EACCES',
    'a real-time priority': 'EPERM',
    'a deadline': 'EPERM',
    'a real-time priority on disk': 'EPERM',
    'timers without end': 'EAGAIN',
    'lock more memory than the limit': 'ENOMEM|ENODATA',
  },
  openings: [
    {
      by: 'capabilities SYS_NICE, SYS_RESOURCE, IPC_LOCK, SYS_ADMIN',
      options: {
        capabilities: ['SYS_NICE', 'SYS_RESOURCE', 'IPC_LOCK', 'SYS_ADMIN'],
      },
      further: [],
      still: {
        'raise the limit of open files': 'EPERM',
        'raise the limit of queued bytes': 'EPERM',
        'raise the limit of pending signals': 'EPERM',
        'raise the limit of locked memory': 'EPERM|ENODATA',
        'a higher priority': 'EACCES',
        'a real-time priority': 'EPERM',
        'a deadline': 'EPERM',
        'a real-time priority on disk': 'EPERM',
        'lock more memory than the limit': 'ENOMEM|ENODATA',
      },
    },
  ],
  outside: {
    further: ['a higher priority', 'a real-time priority on disk'],
    needs: [23],
  },
})
