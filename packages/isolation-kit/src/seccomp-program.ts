import { architectureOf, compileProfile, defaultProfile, strictProfile } from '@caisson/seccomp'
import { CaissonError } from '@caisson/core'

const programs = new Map<string, Uint8Array>()

/**
 * The filter of that name for a container with these capabilities; compiled once.
 * @throws CaissonError ERR_UNSUPPORTED on an architecture without a table of system calls
 */
export function namedProgram(
  name: 'default' | 'strict',
  arch: string,
  capabilities: readonly string[],
): Uint8Array {
  const key = `${name} ${arch} ${capabilities.join(' ')}`
  const known = programs.get(key)
  if (known !== undefined) return known
  const architecture = architectureOf(arch)
  if (architecture === undefined) {
    throw new CaissonError({
      code: 'ERR_UNSUPPORTED',
      what: 'seccomp',
      subject: name,
      field: 'seccomp',
      why: `there is no ${name} filter for ${arch}`,
      fix: 'Pass a compiled filter, seccomp: { bpf }, or open it by name: seccomp: "unconfined".',
    })
  }
  const program = compileProfile(name === 'strict' ? strictProfile : defaultProfile, {
    arch: architecture,
    capabilities,
  })
  programs.set(key, program)
  return program
}
