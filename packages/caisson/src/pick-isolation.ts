import { CaissonError, type Driver } from '@caisson/core'
import type { Scope } from '@caisson/core/di'
import type { PassedOverDriver, PickedDriver } from './picked.js'

/** The driver picked, and the account of it. */
export interface IsolationPick {
  readonly driver: Driver<'isolation'>
  readonly picked: PickedDriver
  readonly passedOver: readonly PassedOverDriver[]
}

function nothingWorks(passedOver: readonly PassedOverDriver[]): CaissonError {
  const missing = passedOver.flatMap((driver) => driver.missing)
  return new CaissonError({
    code: 'ERR_UNSUPPORTED',
    what: 'no isolation driver works on this host',
    subject: passedOver.map(({ name }) => name).join(', '),
    why: missing.map(({ what }) => what).join('; '),
    fix: missing.map(({ fix }) => fix).join('\n'),
    field: 'isolation',
  })
}

/**
 * The first candidate whose probe says that it works here.
 * @throws CaissonError ERR_UNSUPPORTED naming what each lacks
 */
export async function pickIsolation(
  candidates: readonly Driver<'isolation'>[],
  scope: Scope,
): Promise<IsolationPick> {
  const passedOver: PassedOverDriver[] = []
  for (const driver of candidates) {
    const { ok, missing, degraded, facts } = await driver.probe(scope)
    if (ok) return { driver, picked: { name: driver.name, degraded, facts }, passedOver }
    passedOver.push({ name: driver.name, missing })
  }
  throw nothingWorks(passedOver)
}
