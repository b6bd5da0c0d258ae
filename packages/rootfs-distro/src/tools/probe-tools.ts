import { trustedProgram, type Probe } from '@caisson/core'

/** A program, and the package of Debian that has it. */
export type NeededProgram = readonly [program: string, debianPackage: string]

/** Whether this user can make roots with these programs, of which the first one is the tool itself. */
export async function probeTools(
  needs: readonly [NeededProgram, ...NeededProgram[]],
): Promise<Probe> {
  const { lackOfIds } = await import('./privilege.js')
  const root = process.geteuid?.() === 0
  const lack = root ? undefined : lackOfIds()
  const missing = needs
    .filter(([program]) => trustedProgram(program) === undefined)
    .map(([program, debianPackage]) => ({
      what: `${program} is not installed`,
      fix: `apt-get install ${debianPackage}`,
    }))
  if (lack !== undefined) missing.push(lack)
  const [[tool]] = needs
  const facts = { [tool]: trustedProgram(tool) ?? 'none', mode: root ? 'root' : 'unshare' }
  return { ok: missing.length === 0, missing, degraded: [], facts }
}
