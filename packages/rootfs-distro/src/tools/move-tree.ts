import { requireProgram, type CaissonError } from '@caisson/core'
import { runTool } from './run-tool.js'
import type { ToolFailure } from './tool-failure.js'

/** A tree that a tool has made where temporary files are. */
export interface MadeTree {
  /** Absolute path. */
  readonly root: string
  /** The words before a program's own that give it the ids of its files: `ownNamespaces`. */
  readonly inside: readonly [string, ...string[]]
  /** The latest time that a file may have; undefined: they keep theirs. */
  readonly date?: Date
  /** For messages. */
  readonly subject: string
  readonly signal: AbortSignal
  /** Unpacks it where it is to be. */
  readonly unpack: (bytes: AsyncIterable<Uint8Array>) => Promise<void>
  readonly explain: (lines: readonly string[], failure: ToolFailure) => CaissonError
}

/**
 * Hands a tree over as an archive, packed by GNU tar with the ids that the tool had, entries by name.
 * @throws CaissonError ERR_TOOL_MISSING, of `explain` and `unpack`, ERR_ABORTED
 */
export async function moveTree(tree: MadeTree): Promise<void> {
  const { root, inside, date, subject, signal, unpack, explain } = tree
  const seconds = date === undefined ? undefined : Math.floor(date.getTime() / 1000)
  await runTool({
    argv: [
      ...inside,
      requireProgram('tar', 'tar'),
      `--directory=${root}`,
      '--create',
      '--numeric-owner',
      '--sort=name',
      ...(seconds === undefined ? [] : [`--mtime=@${seconds}`, '--clamp-mtime']),
      '--xattrs',
      '--xattrs-include=security.capability',
      '.',
    ],
    env: {},
    subject,
    signal,
    onLine: () => {},
    output: unpack,
    explain,
  })
}
