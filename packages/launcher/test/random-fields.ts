import type { FieldKind, FieldTable } from '../dist/protocol.generated.js'
import type { SeededRandom } from './seeded-random.js'

function randomValue(kind: FieldKind, random: SeededRandom): unknown {
  if (kind === 'u32') return random.below(0xffffffff)
  if (kind === 'u64')
    return (BigInt(random.below(0xffffffff)) << 32n) | BigInt(random.below(0xffffffff))
  if (kind === 'str') return random.text()
  if (kind === 'bytes') return random.bytes(random.below(40))
  return Array.from({ length: random.below(5) }, () => random.text())
}

/** Values that fit a table. */
export function randomFields(fields: FieldTable, random: SeededRandom): Record<string, unknown> {
  return Object.fromEntries(fields.map(([name, kind]) => [name, randomValue(kind, random)]))
}
