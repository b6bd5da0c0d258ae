/** A mount of this process's mount namespace. */
export interface MountPoint {
  /** Absolute path at which it is attached. */
  readonly path: string
  /** File system type, e.g. `ext4`. */
  readonly type: string
}

/** Undoes the kernel's octal escapes of space, tab, newline and backslash. */
function unescapePath(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  )
}

/** Reads the text of /proc/self/mountinfo. Lines that are none are left out. */
export function parseMountInfo(text: string): MountPoint[] {
  const mounts: MountPoint[] = []
  for (const line of text.split('\n')) {
    // The optional fields between the sixth field and the dash vary in number.
    const [before, after] = line.split(' - ')
    const path = before?.split(' ')[4]
    const type = after?.split(' ')[0]
    if (path === undefined || type === undefined) continue
    mounts.push({ path: unescapePath(path), type })
  }
  return mounts
}

/** Whether `path` is `directory` or lies below it; both absolute and normalised. */
export function isWithin(path: string, directory: string): boolean {
  return path === directory || directory === '/' || path.startsWith(`${directory}/`)
}
