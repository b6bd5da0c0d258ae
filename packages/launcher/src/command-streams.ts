import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { Socket } from 'node:net'
import type { ProcessStart } from '@caisson/core'
import { CaissonError } from '@caisson/core'
import type { DirectOutput } from './direct-output.js'
import type { StartedReply } from './protocol.generated.js'
import { NONE } from './protocol.generated.js'

// PF_EXITING of the kernel's include/linux/sched.h, as proc(5) shows it
const exiting = 0x4

/**
 * Opens a pipe end that the launcher holds. It becomes a file description of Node's own, so the pipe itself is the
 * back pressure, and O_NONBLOCK is not seen by the command.
 * @throws CaissonError ERR_LAUNCH; ERR_LAUNCHER_GONE when it died after it had named the descriptor
 */
function openPipe(launcher: number, descriptor: number, flags: number): number {
  const path = `/proc/${launcher}/fd/${descriptor}`
  let fd: number
  try {
    fd = openSync(path, flags | constants.O_NONBLOCK | constants.O_NOCTTY)
  } catch (cause) {
    if (isDead(launcher)) throw goneError(cause)
    throw streamError(path, cause instanceof Error ? cause.message : String(cause), cause)
  }
  if (fstatSync(fd).isFIFO()) return fd
  closeSync(fd)
  throw streamError(path, 'it is not a pipe', undefined)
}

/** A process that exits has closed its descriptors before it is a zombie, and that before it is gone from /proc. */
function isDead(pid: number): boolean {
  const stat = statOf(pid)
  // without a /proc nobody can tell
  if (stat === undefined) return statOf('self') !== undefined
  const [state = '', , , , , , flags] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return 'ZX'.includes(state) || (Number(flags) & exiting) !== 0
}

function statOf(pid: number | 'self'): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return undefined
  }
}

function goneError(cause: unknown): CaissonError {
  return new CaissonError({
    code: 'ERR_LAUNCHER_GONE',
    what: 'launcher',
    why: 'it died when the command had just started',
    cause,
    retryable: true,
  })
}

function streamError(subject: string, why: string, cause: unknown): CaissonError {
  return new CaissonError({
    code: 'ERR_LAUNCH',
    what: 'stream',
    subject,
    why,
    cause,
    fix: 'Streams need /proc mounted and readable for this process; captured output does not.',
  })
}

/** What a command writes; ends when the last writer has closed its end. */
function openOutput(launcher: number, descriptor: number, direct?: DirectOutput): Socket {
  const fd = openPipe(launcher, descriptor, constants.O_RDONLY)
  const options = { fd, readable: true, writable: false, onread: direct?.onread }
  return new Socket(options)
}

/** What a command reads. A command that ends without reading it all is no error. */
function openInput(launcher: number, descriptor: number): Socket {
  const socket = new Socket({
    fd: openPipe(launcher, descriptor, constants.O_WRONLY),
    readable: false,
    writable: true,
  })
  // EPIPE is the only failure a pipe has; without a listener it would end Node.
  socket.on('error', () => {})
  return socket
}

/**
 * A command that has started, with its streamed ends opened; what it writes to stdout goes to `direct`, if there is one.
 * @throws CaissonError ERR_LAUNCH
 */
export function openStreams(
  launcher: number,
  reply: StartedReply,
  direct?: DirectOutput,
): ProcessStart {
  return {
    pid: reply.pid,
    ...(reply.stdin === NONE ? {} : { stdin: openInput(launcher, reply.stdin) }),
    ...(reply.stdout === NONE ? {} : { stdout: openOutput(launcher, reply.stdout, direct) }),
    ...(reply.stderr === NONE ? {} : { stderr: openOutput(launcher, reply.stderr) }),
  }
}
