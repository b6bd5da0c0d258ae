// Restarting the host, its swap, accounting, quotas, I/O ports. All arguments are such that a kernel which listened would find
// fault.
import { describeEscape } from '../describe-escape.js'

describeEscape({
  idea: 'machine',
  held: {
    reboot: 'EPERM',
    'swap on': 'EPERM',
    'swap off': 'EPERM',
    'process accounting': 'EPERM',
    'disk quotas': 'EPERM',
    'watch all files': 'EPERM',
    'move pages of pid 1': 'EPERM',
    'all I/O ports': 'EPERM',
    'some I/O ports': 'EPERM',
  },
  openings: [
    {
      by: "seccomp: 'unconfined' and SYS_ADMIN, SYS_BOOT, SYS_RAWIO",
      options: {
        seccomp: 'unconfined',
        capabilities: ['SYS_ADMIN', 'SYS_BOOT', 'SYS_RAWIO', 'SYS_PACCT'],
      },
      further: [],
      still: {
        reboot: 'EPERM',
        'swap on': 'EPERM',
        'process accounting': 'EPERM',
        'all I/O ports': 'EPERM|ENOSYS',
      },
    },
  ],
  outside: {
    further: ['reboot', 'swap on', 'swap off', 'process accounting', 'watch all files'],
    needs: [21, 22, 20],
  },
})
