/** One value to be written into a group. */
export interface Setting {
  readonly file: string
  readonly value: string
  /** Field of the limit without `limits.`, for errors, e.g. `memory.max`. */
  readonly field: string
}

/** The controller that a file belongs to: `memory` of `memory.max`. */
export function controllerOf({ file }: Pick<Setting, 'file'>): string {
  return file.slice(0, file.indexOf('.'))
}
