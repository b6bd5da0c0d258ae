import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { requireProgram } from '@caisson/core'

/** Writes everything of the file system that holds a path to its disk: syncfs(2). */
export type SyncFileSystem = (path: string) => Promise<void>

const run = promisify(execFile)

/**
 * By coreutils' sync(1).
 * @throws CaissonError ERR_TOOL_MISSING
 */
export const syncByTool: SyncFileSystem = async (path) => {
  await run(requireProgram('sync', 'coreutils'), ['-f', path], { env: {}, cwd: '/' })
}
