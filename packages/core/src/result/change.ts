/** One path that a container changed in its root. */
export interface Change {
  /** Absolute, as the container sees it. */
  readonly path: string
  readonly kind: 'added' | 'modified' | 'deleted' | 'type-changed'
  /** What it is now; for `deleted`, what it was. */
  readonly type: 'file' | 'directory' | 'symlink' | 'device' | 'other'
  /** Size in bytes now; 0 when deleted. */
  readonly size: number
}
