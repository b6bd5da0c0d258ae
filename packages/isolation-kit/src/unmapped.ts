import { isCaissonError, type ContainerSpec } from '@caisson/core'
import type { PlanInput } from './plan-input.js'

const none: ReadonlySet<string> = new Set()
// they are paths of the caller's own; a program that names more of them than that has forgotten the first
const MOST = 256

function allows({ isolation }: ContainerSpec): boolean {
  return isolation.allowDegraded.includes('idmap')
}

/**
 * Host directories whose file systems refused an id map (overlay, some network and FUSE file systems), of containers that
 * may do without: their files are nobody's there, and only those that everybody may read can be read.
 */
export class Unmapped {
  readonly #sources = new Set<string>()

  readonly #tried = new Set<string>()

  /** Changes whenever something is found out. */
  get key(): string {
    return String(this.#sources.size)
  }

  /** Whether a container of this kind has to be made to find out. */
  mustTry({ spec, root }: Pick<PlanInput, 'spec' | 'root'>): boolean {
    return allows(spec) && !this.#tried.has(`${root.key}\0${spec.key}`)
  }

  /** One was made. */
  tried({ spec, root }: Pick<PlanInput, 'spec' | 'root'>): void {
    if (this.#tried.size >= MOST) this.#tried.clear()
    this.#tried.add(`${root.key}\0${spec.key}`)
  }

  of(spec: ContainerSpec): ReadonlySet<string> {
    return allows(spec) ? this.#sources : none
  }

  /** Whether to try again after this error: it is that of an id map, and now known. */
  learn(spec: ContainerSpec, error: unknown): boolean {
    if (!allows(spec) || !isCaissonError(error) || error.syscall !== 'mount_setattr:idmap') {
      return false
    }
    const { step, subject } = error
    if (step !== 'bind' || subject === undefined || this.#sources.size >= MOST) return false
    const before = this.#sources.size
    this.#sources.add(subject)
    return this.#sources.size > before
  }

  /** What is lost, in words. */
  losses(input: PlanInput): readonly string[] {
    if (input.identity.mode !== 'root' || !allows(input.spec)) return []
    const used = [
      ...input.root.parts.flatMap(({ lowers }) => lowers),
      ...input.spec.mounts.flatMap((mount) => (mount.kind === 'bind' ? [mount.from] : [])),
    ]
    return used
      .filter((path) => this.#sources.has(path))
      .map((path) => `${path} has no id map: its file system takes none, so its files are nobody's`)
  }
}
