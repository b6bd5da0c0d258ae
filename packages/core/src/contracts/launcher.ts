import type { ContainerStep, ProcessStep, TemplateStep } from '../plan/steps.generated.js'
import type { DirectoryJail, JailOptions } from './directory-jail.js'
import type { FileAccess } from './file-access.js'
import type { DetachedHolder, DetachedLauncher, DetachPlace, LaunchedDetached } from './detach.js'
import type { CommandInput, CommandOutput, LaunchedProcess, TerminalSize } from './process.js'

/** Who the launcher is on this host, and how ids inside a container map to ids it uses. */
export interface LauncherIdentity {
  /** `root`: real privileges; `ranges`: a user with /etc/subuid ranges; `single`: a user with its own id only. */
  readonly mode: 'root' | 'ranges' | 'single'
  /** The container's uid 0 in the launcher's own id space: the owner for files that steps make. */
  readonly rootUid: number
  readonly rootGid: number
  /** How many ids a container has: 65536, or 1. */
  readonly idCount: number
  /** Whether supplementary groups can be set. */
  readonly setgroups: boolean
  /** Version of the kernel's Landlock; absent or 0: it has none, or it is switched off. */
  readonly landlock?: number
  /** What is lost in this mode, in words. */
  readonly degraded: readonly string[]
}

/**
 * What to launch. Lists are frozen and remembered by identity: pass the same arrays again and a start sends little more
 * than its argv.
 */
export interface LaunchPlan {
  readonly template: readonly TemplateStep[]
  readonly container: readonly ContainerStep[]
  readonly process: readonly ProcessStep[]
}

/** A command to launch. */
export interface LaunchCommand {
  /** Steps of this start alone; process steps among them run before those of the plan. */
  readonly steps: readonly (ContainerStep | ProcessStep)[]
  readonly argv: readonly string[]
  readonly env: readonly string[]
  readonly stdin: CommandInput
  readonly stdout: CommandOutput
  readonly stderr: CommandOutput
  readonly maxOutputBytes: number
  readonly reportStart: boolean
  /** As of `Command`; its step is the launcher's to add. */
  readonly tty?: TerminalSize
}

/** An entry that a container wrote, as it lies in its upper directory. */
export interface UpperEntry {
  /** Relative to the upper directory; raw bytes decoded as UTF-8. */
  readonly path: string
  readonly type: 'file' | 'directory' | 'symlink' | 'device' | 'other'
  /** The lower entry is deleted. */
  readonly whiteout: boolean
  /** A directory that hides the one below instead of merging with it. */
  readonly opaque: boolean
  /** Type of the entry of that path in the lowers, undefined when there is none. */
  readonly lower: 'file' | 'directory' | 'symlink' | 'device' | 'other' | undefined
  readonly size: number
  readonly mode: number
}

/** A container the launcher keeps. */
export interface LaunchedContainer {
  /** Host pid of its pid 1. */
  readonly pid: number
  /** Settles when no process of it is left. */
  readonly gone: Promise<void>
  /** Why it ended, in words, where more is known than that its first process died. */
  readonly whyGone?: string | undefined
  exec(process: readonly ProcessStep[], command: LaunchCommand): LaunchedProcess
  /**
   * Entries below directory `index` of the upper, compared with those lowers (paths in the template).
   * @param since absolute host directory that `copyUpper` filled: then only what is different there
   */
  upperEntries(index: number, lowers: readonly string[], since?: string): AsyncIterable<UpperEntry>
  /**
   * Copies what it wrote to `<to>/<index>/upper` for each of its overlays, with the ids it has inside; the names of that are
   * not to be there yet. What changes meanwhile is copied as it is found. Of a root that is a copy itself (`copyRoot`) it is
   * what is different from the lowers, as an overlay would have it. Absent, with `seal`, when the launcher cannot.
   * @param lowers by index: paths in the template, topmost first
   * @throws CaissonError ERR_STORE_SPACE, ERR_LAUNCH, ERR_CONTAINER_GONE
   */
  copyUpper?(to: string, lowers: readonly (readonly string[])[]): Promise<void>
  /**
   * Makes everything it has mounted read-only, for good; ends what serves its files. For one that has stopped.
   * @throws CaissonError ERR_LAUNCH, ERR_CONTAINER_GONE
   */
  seal?(): Promise<void>
  /** The way to its files; they stay until `remove`. */
  files(): FileAccess
  stop(): Promise<void>
  remove(): Promise<void>
}

/** A resource limit as setrlimit(2) takes it; 2^64-1 is unlimited. */
export interface ResourceLimit {
  /** RLIMIT_* of asm-generic/resource.h. */
  readonly resource: number
  readonly soft: bigint
  readonly hard: bigint
}

/** Carries plans out. Knows no policy. One serves a whole engine. */
export interface Launcher extends AsyncDisposable {
  /**
   * Starts the launcher if it is not there yet and says who it is.
   * @throws CaissonError ERR_LAUNCHER_MISSING, ERR_LAUNCHER_GONE, ERR_USER_NAMESPACE
   */
  identity(): Promise<LauncherIdentity>
  /** One command in a container of its own. */
  run(plan: LaunchPlan, command: LaunchCommand): LaunchedProcess
  /**
   * A container that stays; `steps` are container steps of this one alone.
   * @param signal ends it while it is made: rejects when nothing of it is left. Default: nothing does
   */
  create(
    plan: LaunchPlan,
    steps: readonly ContainerStep[],
    signal?: AbortSignal,
  ): Promise<LaunchedContainer>
  /**
   * Changes a resource limit of every process of a container that `create` made, but its pid 1. Absent when it cannot.
   * @param pid of the container's pid 1
   * @throws CaissonError ERR_CONTAINER_GONE, ERR_LIMIT
   */
  limit?(pid: number, limit: ResourceLimit): Promise<void>
  /**
   * Serves a directory of the host, which must be there, until it is disposed. Absent when it cannot.
   * @throws CaissonError ERR_LAUNCH (ENOENT, ENOTDIR, EACCES and others, with the directory), or the codes of `identity`
   */
  jail?(directory: string, options?: JailOptions): Promise<DirectoryJail>
  /**
   * Copies host directories, the topmost first, into an empty one, as overlayfs would lay them over each other: data is shared
   * where the file system can, sockets are left out. Ids are those on disk. Absent when it cannot.
   * @param over what will lie below it: whiteouts and opaque directories stay, as far as they hide something there. Default
   * none: what comes out is a plain tree
   * @throws CaissonError ERR_STORE_SPACE, ERR_LAUNCH, or the codes of `identity`
   */
  merge?(from: readonly string[], to: string, over?: readonly string[]): Promise<void>
  /**
   * Starts a launcher for one container that is to outlive this process. Absent, together with `attach`, when it cannot.
   * @throws CaissonError the codes of `identity`
   */
  detached?(): Promise<DetachedLauncher>
  /** A container that was handed over, by this process or another. */
  attach?(holder: DetachedHolder, place: DetachPlace): LaunchedDetached
}
