import { requireProgram } from '@caisson/core'

/**
 * The words before a program's own that give it mounts and processes apart: what it mounts or starts is its alone, and ends with it.
 * @param more options of unshare(1)
 * @throws CaissonError ERR_TOOL_MISSING
 */
export function ownNamespaces(more: readonly string[] = []): readonly [string, ...string[]] {
  const unshare = requireProgram('unshare', 'util-linux')
  return [unshare, ...more, '--mount', '--pid', '--ipc', '--fork', '--kill-child', '--']
}
