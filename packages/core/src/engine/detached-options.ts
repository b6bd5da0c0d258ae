import type { LimitKey } from '../spec/limits.js'
import type { Spec } from '../spec/spec.js'
import type { Bytes } from '../values/bytes.js'

/** A container that is to outlive this process. ERR_UNSUPPORTED where the isolation driver lacks the feature `detach`. */
export interface DetachedSpec<L extends LimitKey = LimitKey> extends Spec<L> {
  readonly detached: true
  /** Most of a stream of its main command that is kept on disk, in the state directory. Default 8MiB; at least 4KiB. */
  readonly maxLog?: Bytes
}

/** Which containers are listed: all of these have to fit. */
export interface ContainerFilter {
  /** Labels it has, with these values. Default: any. */
  readonly labels?: Readonly<Record<string, string>>
}

/** What a record says of a detached container. */
export interface DetachedInfo {
  /** For `engine.get`. */
  readonly id: string
  readonly name: string | undefined
  readonly labels: Readonly<Record<string, string>>
  /** Root, as it was named. */
  readonly from: string
  readonly createdAt: Date
  /** Host pid of its first process. */
  readonly pid: number
}
