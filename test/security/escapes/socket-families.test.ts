// AF_VSOCK reaches the hypervisor past every network namespace; AF_ALG is CVE-2026-31431 (number not checked by us); the rest sees
// or forges others' packets. The kernel looks at 32 bits of the family, so that a filter must, too.
import { describeEscape } from '../describe-escape.js'

describeEscape({
  idea: 'socket-families',
  held: {
    AF_VSOCK: 'EAFNOSUPPORT',
    'AF_VSOCK with high bits': 'EAFNOSUPPORT',
    AF_ALG: 'EAFNOSUPPORT',
    'AF_ALG with high bits': 'EAFNOSUPPORT',
    AF_PACKET: 'EPERM|EAFNOSUPPORT',
    'raw AF_INET': 'EPERM',
    AF_XDP: 'EPERM|EAFNOSUPPORT',
    AF_CAN: 'EPERM|EAFNOSUPPORT|EPROTONOSUPPORT',
    AF_BLUETOOTH: 'EPERM|EAFNOSUPPORT',
    NETLINK_AUDIT: 'EINVAL',
    AF_INET: 'OK',
    'take down the loopback': 'EPERM',
  },
  openings: [
    {
      by: "seccomp: 'unconfined'",
      options: {
        seccomp: 'unconfined',
      },
      further: ['NETLINK_AUDIT'],
      still: {
        AF_PACKET: 'EPERM|EAFNOSUPPORT',
        'raw AF_INET': 'EPERM',
        'take down the loopback': 'EPERM',
      },
    },
    {
      by: 'capabilities NET_RAW, NET_ADMIN',
      options: {
        capabilities: ['NET_RAW', 'NET_ADMIN'],
      },
      further: [],
      still: {
        AF_PACKET: 'EPERM|EAFNOSUPPORT',
        'raw AF_INET': 'EPERM',
        'take down the loopback': 'EPERM',
        AF_VSOCK: 'EAFNOSUPPORT',
      },
    },
  ],
})
