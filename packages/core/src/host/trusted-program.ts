import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'

// Never $PATH, which others may have set: what is found here is run with the rights of this process.
const directories: readonly string[] = ['/usr/bin', '/bin', '/usr/local/bin', '/usr/sbin', '/sbin']

/** The absolute path of a host program in the system's own directories; undefined when there is none. */
export function trustedProgram(name: string): string | undefined {
  return directories
    .map((directory) => join(directory, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}
