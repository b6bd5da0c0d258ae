import { defaultProfile } from './default-profile.js'
import type { SeccompProfile } from './profile.js'

const int = 0xffffffff
const lost = new Set(['ptrace', 'process_vm_readv', 'process_vm_writev', 'personality'])
const limited = new Set(['socket', 'socketpair'])

const socket = (about: string, family: number, protocol?: number) => ({
  about,
  action: 'allow' as const,
  names: ['socket'],
  args: [
    { index: 0, op: 'masked-eq' as const, mask: int, value: family },
    ...(protocol === undefined
      ? []
      : [{ index: 2, op: 'masked-eq' as const, mask: int, value: protocol }]),
  ],
})

/**
 * For judges and agents: the default less debugging, personalities and all that a capability would open; sockets of the
 * families that programs need within a network without a network.
 */
export const strictProfile: SeccompProfile = {
  ...defaultProfile,
  rules: [
    ...defaultProfile.rules
      .filter((rule) => rule.withCapability === undefined)
      .map(({ withoutCapability: _capability, ...rule }) => ({
        ...rule,
        names:
          rule.action === 'allow'
            ? rule.names.filter((name) => !lost.has(name) && !limited.has(name))
            : rule.names,
      })),
    socket('AF_UNIX', 1),
    socket('AF_INET', 2),
    socket('AF_INET6', 10),
    socket('AF_NETLINK, NETLINK_ROUTE', 16, 0),
    {
      about: 'pairs of AF_UNIX, the only family that has any',
      action: 'allow',
      names: ['socketpair'],
      args: [{ index: 0, op: 'masked-eq', mask: int, value: 1 }],
    },
  ],
}
