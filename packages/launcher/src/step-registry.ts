import type { ContainerStep, LaunchPlan, ProcessStep, TemplateStep } from '@caisson/core'
import { encodeSteps } from '@caisson/core'
import { NONE } from './protocol.generated.js'
import type { RequestTypes } from './protocol.generated.js'

/** Numbers of the lists of a plan. */
export type References = Pick<RequestTypes['start'], 'template' | 'containerPlan' | 'processPlan'>

/** Where numbered lists go. */
export type RegistryWire = <N extends 'template' | 'plan' | 'drop'>(
  name: N,
  request: RequestTypes[N],
) => void

const DROP_TEMPLATE = 1
const DROP_PLAN = 2

interface Template {
  readonly id: number
  readonly key: string
  /** Lists that mean this template and are still reachable. */
  uses: number
  failed: boolean
}

interface Plan {
  readonly id: number
  failed: boolean
}

type Held = { readonly template: Template } | { readonly plan: Plan }

/**
 * Numbers of the lists that one launcher process knows. Lists are remembered by identity and dropped there when they
 * are no longer reachable here; templates, which cost mounts, are shared between lists of the same content.
 */
export class StepRegistry {
  readonly #send: RegistryWire
  readonly #templates = new WeakMap<readonly TemplateStep[], Template>()
  readonly #templatesByKey = new Map<string, Template>()
  readonly #templatesById = new Map<number, Template>()
  readonly #plans = new WeakMap<readonly (ContainerStep | ProcessStep)[], Plan>()
  readonly #plansById = new Map<number, Plan>()
  readonly #finalizer = new FinalizationRegistry<Held>((held) => this.#drop(held))
  #lastId = 0

  constructor(send: RegistryWire) {
    this.#send = send
  }

  /** All three numbers of a plan. */
  references(plan: LaunchPlan): References {
    return {
      template: this.template(plan.template),
      containerPlan: this.plan(plan.container, 'container'),
      processPlan: this.plan(plan.process, 'process'),
    }
  }

  /** The template's number; sent the first time. */
  template(steps: readonly TemplateStep[]): number {
    const known = this.#templates.get(steps)
    if (known && !known.failed) return known.id
    const bytes = encodeSteps(steps, 'template')
    const key = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
    let template = this.#templatesByKey.get(key)
    if (!template) {
      template = { id: ++this.#lastId, key, uses: 0, failed: false }
      this.#templatesByKey.set(key, template)
      this.#templatesById.set(template.id, template)
      this.#send('template', { id: template.id, steps: bytes })
    }
    template.uses++
    this.#templates.set(steps, template)
    this.#finalizer.register(steps, { template })
    return template.id
  }

  /** The plan's number, NONE for an empty list; sent the first time. */
  plan(steps: readonly ContainerStep[], context: 'container'): number
  plan(steps: readonly ProcessStep[], context: 'process'): number
  plan(steps: readonly (ContainerStep | ProcessStep)[], context: 'container' | 'process'): number {
    if (steps.length === 0) return NONE
    const known = this.#plans.get(steps)
    if (known && !known.failed) return known.id
    const plan = { id: ++this.#lastId, failed: false }
    this.#send('plan', { id: plan.id, steps: encodeSteps(steps, context) })
    this.#plans.set(steps, plan)
    this.#plansById.set(plan.id, plan)
    this.#finalizer.register(steps, { plan })
    return plan.id
  }

  /** The launcher could not build it; what failed may be mended by the next time. */
  templateFailed(id: number): void {
    const template = this.#templatesById.get(id)
    if (!template) return
    template.failed = true
    this.#templatesById.delete(id)
    this.#templatesByKey.delete(template.key)
  }

  planFailed(id: number): void {
    const plan = this.#plansById.get(id)
    if (plan) plan.failed = true
    this.#plansById.delete(id)
  }

  #drop(held: Held): void {
    if ('plan' in held) {
      if (!held.plan.failed) this.#send('drop', { kind: DROP_PLAN, id: held.plan.id })
      this.#plansById.delete(held.plan.id)
      return
    }
    const { template } = held
    if (--template.uses > 0 || template.failed) return
    this.#templatesById.delete(template.id)
    this.#templatesByKey.delete(template.key)
    this.#send('drop', { kind: DROP_TEMPLATE, id: template.id })
  }
}
