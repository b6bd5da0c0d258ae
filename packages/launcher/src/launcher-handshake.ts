import { CaissonError } from '@caisson/core'
import type { Reply } from './codec.js'
import { MalformedFrame } from './codec.js'
import type { Hello, MapHelpers } from './identity.js'
import type { FailureContext } from './launch-failure.js'
import { launchError } from './launch-failure.js'
import type { Link } from './link.js'
import type { RequestTypes } from './protocol.generated.js'
import { PROTOCOL_VERSION } from './protocol.generated.js'
import { writeMaps } from './write-maps.js'

/** An honest launcher needs a millisecond; a broken one must not hang its caller for ever. */
const ANSWER_TIMEOUT_MS = 30_000
/** PID_MAX_LIMIT of the kernel. */
const HIGHEST_PID = 2 ** 22

/** The first exchange (hello, maps where they are asked for, ready), and that of a launcher that listens. */
export class LauncherHandshake {
  readonly #link: Link
  readonly #helpers: MapHelpers | undefined
  readonly #context: FailureContext
  #settle: ((error: unknown) => void) | undefined
  #landlock = 0

  constructor(link: Link, helpers: MapHelpers | undefined, context: FailureContext) {
    this.#link = link
    this.#helpers = helpers
    this.#context = context
  }

  /**
   * Says hello; settles when the launcher is ready, with the version of Landlock that the kernel has.
   * @throws CaissonError ERR_USER_NAMESPACE, ERR_LAUNCH, ERR_LAUNCHER_GONE
   */
  async run(hello: Hello): Promise<number> {
    await this.#exchange(() => this.#link.send('hello', { version: PROTOCOL_VERSION, ...hello }))
    return this.#landlock
  }

  /**
   * Makes the launcher outlive its clients; settles when it does.
   * @throws CaissonError ERR_LAUNCH, ERR_LAUNCHER_GONE
   */
  listen(request: RequestTypes['listen']): Promise<void> {
    return this.#exchange(() => this.#link.send('listen', request))
  }

  /**
   * Settles when a launcher that listens has told what it holds: as soon as no other client is before this one.
   * @throws CaissonError ERR_LAUNCHER_GONE, or the error that `give up` calls its argument with
   */
  listening(giveUp: (fail: (error: unknown) => void) => void): Promise<void> {
    return this.#exchange(() => giveUp((error) => this.#settle?.(error)))
  }

  async #exchange(send: () => void): Promise<void> {
    this.#link.hold()
    const timer = setTimeout(
      () => this.#link.abandon(`it did not answer within ${ANSWER_TIMEOUT_MS / 1000} s`),
      ANSWER_TIMEOUT_MS,
    )
    try {
      await new Promise<void>((resolve, reject) => {
        this.#settle = (error) => (error === undefined ? resolve() : reject(error))
        send()
      })
    } finally {
      clearTimeout(timer)
      this.#settle = undefined
      this.#link.release()
    }
  }

  /** Takes a reply that belongs to the handshake. */
  reply(reply: Reply): void {
    if (!this.#settle) throw new MalformedFrame(`${reply.name} came after the handshake`)
    if (reply.name === 'ready') this.#landlock = reply.landlock
    if (reply.name === 'ready' || reply.name === 'listening') this.#settle(undefined)
    else if (reply.name === 'failed') this.#settle(launchError(reply, this.#context))
    else if (reply.name === 'needMaps') this.#writeMaps(reply.pid)
    // it wants to know that it is we who connected
    else if (reply.name === 'who') this.#link.send('here', { nonce: reply.nonce })
  }

  /** The launcher was lost. */
  fail(error: unknown): void {
    this.#settle?.(error)
  }

  #writeMaps(pid: number): void {
    if (!this.#helpers) throw new MalformedFrame('it asked for maps that nobody announced')
    // privileged programs are given it
    if (pid < 1 || pid > HIGHEST_PID) throw new MalformedFrame(`no process has the id ${pid}`)
    writeMaps(pid, this.#helpers).then(
      () => this.#link.send('mapped', {}),
      (cause: unknown) => this.#settle?.(this.#refused(cause)),
    )
  }

  #refused(cause: unknown): CaissonError {
    return new CaissonError({
      code: 'ERR_USER_NAMESPACE',
      what: 'id maps',
      subject: this.#helpers?.newuidmap,
      why: cause instanceof Error ? cause.message.trim() : String(cause),
      fix: 'Check that newuidmap and newgidmap are set-user-ID root, and the lines of this user in /etc/subuid and /etc/subgid.',
      cause,
    })
  }
}
