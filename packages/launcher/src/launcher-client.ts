import type {
  ContainerStep,
  DetachedHolder,
  DetachedLauncher,
  DetachPlace,
  DirectoryJail,
  JailOptions,
  LaunchCommand,
  LaunchedContainer,
  LaunchedDetached,
  LaunchedProcess,
  Launcher,
  LauncherIdentity,
  LaunchPlan,
  ResourceLimit,
} from '@caisson/core'
import { CaissonError, isCaissonError, parseAbsolutePath } from '@caisson/core'
import { DetachedContainer } from './detached-container.js'
import { DetachedSession } from './detached-session.js'
import type { IdBlock } from './id-block.js'
import { claimIdBlock } from './id-block.js'
import type { IdentityPlan } from './identity.js'
import { chooseIdentity, helloOf, identityOf, readHostCredentials } from './identity.js'
import { ServedDirectory } from './files/served-directory.js'
import { LaunchedCommand } from './launched-command.js'
import type { LauncherProgram } from './launcher-link.js'
import { limitError } from './limited.js'
import { launcherPath } from './launcher-path.js'
import { LauncherSession } from './launcher-session.js'
import { runWorker } from './run-worker.js'

/** How a launcher is found and run. */
export interface LauncherOptions {
  /** The program. Default: `launcherPath()`. */
  readonly path?: string
  /** Its arguments. Default: none. */
  readonly arguments?: readonly string[]
  /** Where blocks of ids are claimed, for root alone; the same for every engine of the machine. Default: /run/caisson. */
  readonly stateDir?: string
  /** `single`: do without privileges and ranges that are there. Default: the best this process can have. */
  readonly mode?: 'best' | 'single'
}

const DEFAULT_STATE_DIR = '/run/caisson'

/**
 * A launcher for one engine. The program starts with the first call, and again after it was lost; it keeps Node alive
 * only while something is under way.
 */
export function createLauncher(options: LauncherOptions = {}): Launcher {
  return new LauncherClient(options)
}

/** What `createLauncher` makes; tests give it an identity that this host has not. */
export class LauncherClient implements Launcher {
  readonly #options: LauncherOptions
  readonly #identify: () => IdentityPlan
  #plan: IdentityPlan | undefined
  #block: IdBlock | undefined
  #session: LauncherSession | undefined
  #opening: Promise<LauncherSession> | undefined
  #disposing: Promise<void> | undefined

  constructor(
    options: LauncherOptions,
    identify = (): IdentityPlan => chooseIdentity(readHostCredentials()),
  ) {
    this.#options = options
    this.#identify = identify
  }

  async identity(): Promise<LauncherIdentity> {
    return (await this.#open()).identity
  }

  run(plan: LaunchPlan, command: LaunchCommand): LaunchedProcess {
    const launched = new LaunchedCommand()
    // The hot path: no promise between the call and the frame.
    if (this.#session?.alive) this.#session.run(plan, command, launched)
    else {
      this.#open().then(
        (session) => session.run(plan, command, launched),
        (error: unknown) => launched.fail(error),
      )
    }
    return launched
  }

  async create(
    plan: LaunchPlan,
    steps: readonly ContainerStep[],
    signal?: AbortSignal,
  ): Promise<LaunchedContainer> {
    return (await this.#open()).create(plan, steps, signal)
  }

  async limit(pid: number, limit: ResourceLimit): Promise<void> {
    if (!this.#session?.alive) throw limitError(pid, 'ESRCH')
    await this.#session.limit(pid, limit)
  }

  async detached(): Promise<DetachedLauncher> {
    // The first launcher has found out who this process can be.
    await this.#open()
    const plan = (this.#plan ??= this.#choose())
    const block = plan.mode === 'root' ? this.#claim() : undefined
    try {
      return new DetachedSession(await this.#start(this.#program(), plan, block), block)
    } catch (error) {
      block?.release()
      throw error
    }
  }

  async jail(directory: string, options: JailOptions = {}): Promise<DirectoryJail> {
    const path = parseAbsolutePath(directory, 'directory')
    const { readOnly = false, output } = options
    const target = output && parseAbsolutePath(output.path, 'output.path')
    const session = await this.#open()
    const launched = new LaunchedCommand()
    const request = {
      readOnly: readOnly ? 1 : 0,
      directory: path,
      output: target ?? '',
      device: output?.dev ?? 0n,
      inode: output?.ino ?? 0n,
    }
    session.jail(request, launched)
    return ServedDirectory.open(launched, session.identity, path, target !== undefined)
  }

  async merge(from: readonly string[], to: string, over: readonly string[] = []): Promise<void> {
    const session = await this.#open()
    const launched = new LaunchedCommand()
    session.merge({ copied: from.length, from: [...from, ...over], to }, launched)
    await runWorker(launched, 'copy of what lies upon each other', to)
  }

  attach(holder: DetachedHolder, place: DetachPlace): LaunchedDetached {
    return new DetachedContainer(holder, place)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposing ??= this.#dispose()
    await this.#disposing
  }

  async #dispose(): Promise<void> {
    // A launcher that is about to be there has to be ended too.
    await this.#opening?.catch(() => {})
    await this.#session?.close(disposedError())
    this.#session = undefined
    this.#block?.release()
    this.#block = undefined
  }

  #open(): Promise<LauncherSession> {
    if (this.#disposing) return Promise.reject(disposedError())
    if (this.#session?.alive) return Promise.resolve(this.#session)
    this.#opening ??= this.#connect().finally(() => {
      this.#opening = undefined
    })
    return this.#opening
  }

  async #connect(): Promise<LauncherSession> {
    const program = this.#program()
    this.#plan ??= this.#choose()
    if (this.#plan.mode === 'root') this.#block ??= this.#claim()
    try {
      this.#session = await this.#start(program, this.#plan, this.#block)
    } catch (error) {
      // The helpers are there but refuse: one id is less, and better than nothing.
      if (this.#plan.mode !== 'ranges' || !isCaissonError(error, 'ERR_USER_NAMESPACE')) throw error
      const single: IdentityPlan = { mode: 'single', userns: 1, why: [error.message] }
      this.#session = await this.#start(program, single, undefined)
      this.#plan = single
    }
    return this.#session
  }

  #choose(): IdentityPlan {
    const best = this.#identify()
    if (this.#options.mode !== 'single' || best.mode === 'single') return best
    return { mode: 'single', userns: 1, why: ['asked for by the option `mode`'] }
  }

  #program(): LauncherProgram {
    return {
      path: this.#options.path ?? launcherPath(),
      arguments: this.#options.arguments ?? [],
    }
  }

  #start(
    program: LauncherProgram,
    plan: IdentityPlan,
    block: IdBlock | undefined,
  ): Promise<LauncherSession> {
    const base = block?.base ?? 0
    return LauncherSession.open({
      program,
      identity: identityOf(plan, base),
      hello: helloOf(plan, base),
      helpers: plan.mode === 'ranges' && plan.userns === 2 ? plan.helpers : undefined,
    })
  }

  #claim(): IdBlock {
    const stateDir = this.#options.stateDir ?? DEFAULT_STATE_DIR
    try {
      return claimIdBlock(stateDir)
    } catch (cause) {
      throw new CaissonError({
        code: 'ERR_LAUNCH',
        what: 'claim ids',
        subject: stateDir,
        why: cause instanceof Error ? cause.message : String(cause),
        fix: 'Make the state directory writable, or pass another `stateDir`.',
        cause,
      })
    }
  }
}

function disposedError(): CaissonError {
  return new CaissonError({ code: 'ERR_DISPOSED', what: 'launcher', why: 'it is disposed' })
}
