import { join } from 'node:path'
import type {
  ContainerStep,
  DetachedLauncher,
  DetachPlace,
  LaunchedContainer,
  LaunchedDetached,
  LauncherIdentity,
  LaunchPlan,
  Publish,
} from '@caisson/core'
import { CaissonError, markProcess } from '@caisson/core'
import { SOCKET_NAME } from './attached-link.js'
import { DetachedContainer } from './detached-container.js'
import type { IdBlock } from './id-block.js'
import type { LauncherSession } from './launcher-session.js'

/** A launcher that is to be left to itself, with a block of ids of its own where it needs one. */
export class DetachedSession implements DetachedLauncher {
  readonly #session: LauncherSession
  readonly #block: IdBlock | undefined
  #handedOver = false

  constructor(session: LauncherSession, block: IdBlock | undefined) {
    this.#session = session
    this.#block = block
  }

  get identity(): LauncherIdentity {
    return this.#session.identity
  }

  create(
    plan: LaunchPlan,
    steps: readonly ContainerStep[],
    signal?: AbortSignal,
  ): Promise<LaunchedContainer> {
    return this.#session.create(plan, steps, signal)
  }

  async handOver(
    container: LaunchedContainer,
    place: DetachPlace,
    publish: Publish,
  ): Promise<LaunchedDetached> {
    const owner = markProcess(this.#session.pid)
    if (!owner) throw new CaissonError({ code: 'ERR_LAUNCHER_GONE', what: 'launcher' })
    const holder = Object.freeze({ owner, identity: this.identity, pid: container.pid })
    await publish(holder)
    this.#block?.handOver(owner.pid)
    const { directory, logBytes } = place
    await this.#session.listen({
      path: join(directory, SOCKET_NAME),
      logs: join(directory, 'logs'),
      logBytes: BigInt(logBytes),
    })
    this.#handedOver = true
    this.#session.letGo()
    return new DetachedContainer(holder, place)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#handedOver) return
    await this.#session.close(new CaissonError({ code: 'ERR_DISPOSED', what: 'launcher' }))
    this.#block?.release()
  }
}
