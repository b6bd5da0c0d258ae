import { readHostFacts, trustedProgram } from '@caisson/core'
import { distroError } from '../distro-error.js'
import { ownNamespaces } from './own-namespaces.js'

/** How a tool gets the ids that packages want: it is root, or has a user namespace with ranges of ids. */
export type ToolMode = 'root' | 'unshare'

/** What a user lacks for the mode `unshare`; undefined: nothing. */
export function lackOfIds(): { readonly what: string; readonly fix: string } | undefined {
  if (trustedProgram('newuidmap') === undefined)
    return { what: 'newuidmap is not installed', fix: 'apt-get install uidmap' }
  const { user, subUids, subGids } = readHostFacts()
  // all that packages of Debian may own files by
  if (subUids >= 65_536 && subGids >= 65_536) return undefined
  return {
    what: `/etc/subuid and /etc/subgid give ${user} no 65536 ids`,
    fix: `usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${user}, or use \`debian:\`, which needs none`,
  }
}

/**
 * The mode for this user.
 * @throws CaissonError ERR_TOOL_MISSING (newuidmap), ERR_USER_NAMESPACE (no ranges of ids)
 */
export function chooseMode(subject: string): ToolMode {
  if (process.geteuid?.() === 0) return 'root'
  const lack = lackOfIds()
  if (lack === undefined) return 'unshare'
  const missing = trustedProgram('newuidmap') === undefined
  const code = missing ? 'ERR_TOOL_MISSING' : 'ERR_USER_NAMESPACE'
  throw distroError(code, subject, lack.what, lack.fix)
}

/** `ownNamespaces` in which a program has the ids of the mode. @throws CaissonError ERR_TOOL_MISSING */
export function namespacesOf(mode: ToolMode): readonly [string, ...string[]] {
  return ownNamespaces(mode === 'root' ? [] : ['--user', '--map-root-user', '--map-auto'])
}
