import { buildProgram } from './build-program.js'

/**
 * The program that makes the attempts.
 * @returns undefined where no compiler of this host links statically
 */
export function buildAttacker(): string | undefined {
  return buildProgram('attacker', 'test/security/attacker')
}
