import { signalName } from './signal-name.js'

// Beside the wait status, as `gone` of protocol.json has it.
const UNSERVED = 1 << 16
const STUCK = 1 << 17

/** Why a container that nobody stopped has ended, by what the launcher tells of its pid 1; undefined: it tells nothing any more. */
export function whyGone(status: number | undefined): string {
  if (status === undefined) return 'the launcher that held it has ended'
  if ((status & UNSERVED) !== 0) return 'the fuse-overlayfs that served its root has died'
  if ((status & STUCK) !== 0)
    return 'it was killed with a command that was to be killed, since its pid 1 did not do that within two seconds'
  const signal = status & 0x7f
  if (signal === 0) return `its pid 1 ended by itself, with exit code ${(status >> 8) & 0xff}`
  return `its pid 1 was killed by ${signalName(signal)}, which Caisson did not send: by the kernel, for want of memory, or by somebody outside`
}
