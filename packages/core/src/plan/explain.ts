import { fieldText } from './field-text.js'
import type { Plan } from './plan.js'
import { stepTable, type Step } from './steps.generated.js'

function explainStep(step: Step, number: number): string {
  const info = stepTable[step.op]
  const fields = info.fields.map(
    ([field]) => `${field}: ${fieldText(step.op, field, Reflect.get(step, field))}`,
  )
  const lines = [`${String(number).padStart(3)}. ${step.op} (${info.call})`]
  if (fields.length > 0) lines.push(`     ${fields.join('; ')}`)
  lines.push(`     ${info.about}`)
  if (info.keeps !== '') lines.push(`     keeps out: ${info.keeps}`)
  return lines.join('\n')
}

/**
 * A plan for people: every step of a start in order, the system call that does it, and what it keeps out. Values of the
 * environment are left out.
 */
export function explain(plan: Plan): string {
  const parts: readonly (readonly [string, readonly Step[]])[] = [
    ['Once per root and set of mounts, in a mount namespace of its own', plan.template],
    ['Once per container, in its first process', plan.container],
    ['For each command, between clone and exec', plan.process],
  ]
  let number = 0
  return parts
    .map(([title, steps]) => {
      const text = steps.map((step) => explainStep(step, ++number))
      return [`${title}:`, ...(text.length === 0 ? ['     nothing'] : text)].join('\n')
    })
    .join('\n\n')
}
