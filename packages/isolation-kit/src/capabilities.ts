import { capabilityNames, invalidArgument } from '@caisson/core'

/**
 * What root of a container keeps by default: what package managers and daemons need to change owners and users. Each is
 * valid over the container's own user namespace alone.
 */
export const defaultCapabilities: readonly string[] = Object.freeze([
  'CHOWN',
  'DAC_OVERRIDE',
  'FSETID',
  'FOWNER',
  'SETGID',
  'SETUID',
  'SETFCAP',
  'NET_BIND_SERVICE',
  'SYS_CHROOT',
  'KILL',
])

/**
 * The bit set of capabilities named without CAP_.
 * @throws TypeError ERR_CAPABILITY_UNKNOWN, naming the place in the list
 */
export function capabilityBits(names: readonly string[]): bigint {
  let bits = 0n
  for (const [i, name] of names.entries()) {
    const number = capabilityNames.indexOf(name)
    if (number < 0) {
      const short = name.toUpperCase().replace(/^CAP_/, '')
      const fix = capabilityNames.includes(short) ? `Write ${short}.` : undefined
      const why = `${name} is no capability`
      const field = `capabilities[${i}]`
      throw invalidArgument({ field, why, fix, subject: name, code: 'ERR_CAPABILITY_UNKNOWN' })
    }
    bits |= 1n << BigInt(number)
  }
  return bits
}
