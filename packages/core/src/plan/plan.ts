import type { ContainerStep, ProcessStep, TemplateStep } from './steps.generated.js'

/**
 * Everything that a container start does, as plain frozen data: policy is here, the launcher only carries it out.
 * `explain(plan)` prints it for people.
 */
export interface Plan {
  readonly version: 1
  /** Once per root: what is mounted while host paths are visible. */
  readonly template: readonly TemplateStep[]
  /** Once per container, in its pid 1. */
  readonly container: readonly ContainerStep[]
  /** For each command, in order; the last is `exec`. */
  readonly process: readonly ProcessStep[]
}
