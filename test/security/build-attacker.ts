import { buildProgram } from './build-program.js'

/**
 * The program that makes the attempts.
 * @returns undefined where no compiler of this host links statically
 */
export function buildAttacker(): string | undefined {
  return buildProgram('attacker', 'test/security/attacker')
}

/** For a `before`: skips what follows where it cannot be built, which is a failure where everything must work. */
export function requireAttacker(test: Mocha.Context): string {
  const attacker = buildAttacker()
  if (attacker !== undefined) return attacker
  const why = 'needs a compiler that links statically (apt-get install gcc libc6-dev)'
  if (process.env['CAISSON_MUST_WORK'] === '1') throw new Error(why)
  console.log(`      skipped: ${why}`)
  return test.skip()
}
