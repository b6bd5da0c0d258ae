import type { Feature } from '../contracts/features.js'
import { CaissonError } from '../errors/caisson-error.js'

/**
 * Refuses what needs a feature that no driver brings.
 * @param field the option that asks for it
 * @throws CaissonError ERR_UNSUPPORTED
 */
export function checkFeature(
  features: ReadonlySet<Feature>,
  feature: Feature,
  field: string,
): void {
  if (features.has(feature)) return
  throw new CaissonError({
    code: 'ERR_UNSUPPORTED',
    what: 'option not supported',
    subject: field,
    field,
    why: `no driver of this engine has the feature \`${feature}\``,
    fix: `Use an isolation driver with the feature \`${feature}\`, or leave \`${field}\` out.`,
  })
}
