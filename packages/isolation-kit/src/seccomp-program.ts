import { architectureOf, compileProfile, defaultProfile } from '@caisson/seccomp'
import { CaissonError } from '@caisson/core'

const programs = new Map<string, Uint8Array>()

/**
 * The default filter for a container with these capabilities; compiled once.
 * @throws CaissonError ERR_UNSUPPORTED on an architecture without a table of system calls
 */
export function defaultProgram(arch: string, capabilities: readonly string[]): Uint8Array {
  const key = `${arch} ${capabilities.join(' ')}`
  const known = programs.get(key)
  if (known !== undefined) return known
  const architecture = architectureOf(arch)
  if (architecture === undefined) {
    throw new CaissonError({
      code: 'ERR_UNSUPPORTED',
      what: 'seccomp',
      subject: 'default',
      field: 'seccomp',
      why: `there is no default filter for ${arch}`,
      fix: 'Pass a compiled filter, seccomp: { bpf }, or open it by name: seccomp: "unconfined".',
    })
  }
  const program = compileProfile(defaultProfile, { arch: architecture, capabilities })
  programs.set(key, program)
  return program
}
