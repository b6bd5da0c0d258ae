import {
  LAUNCHER,
  type Driver,
  type LaunchCommand,
  type Launcher,
  type LaunchPlan,
  type StepName,
} from '@caisson/core'
import type { Scope } from '@caisson/core/di'
import { testIsolationDriver } from '@caisson/driver-testkit'
import { pivotRoot } from 'caisson'
import { expect } from 'chai'
import { collect, failures } from '#testkit-test/collect.js'

/** A launcher that is never told of some steps. */
function deaf(launcher: Launcher, missing: ReadonlySet<StepName>): Launcher {
  const known = new WeakMap<LaunchPlan, LaunchPlan>()
  const less = (plan: LaunchPlan): LaunchPlan => {
    const found = known.get(plan) ?? {
      template: plan.template,
      container: plan.container.filter((step) => !missing.has(step.op)),
      process: plan.process.filter((step) => !missing.has(step.op)),
    }
    known.set(plan, found)
    return found
  }
  const lessOf = (command: LaunchCommand): LaunchCommand => ({
    ...command,
    steps: command.steps.filter((step) => !missing.has(step.op)),
  })
  return {
    identity: () => launcher.identity(),
    run: (plan, command) => launcher.run(less(plan), lessOf(command)),
    create: (plan, steps) => launcher.create(less(plan), steps),
    [Symbol.asyncDispose]: () => launcher[Symbol.asyncDispose](),
  }
}

/** The real driver, one protection less. */
function without(missing: readonly StepName[]): Driver<'isolation', 'disk'> {
  const driver = pivotRoot()
  const inner = new WeakMap<Scope, Scope>()
  const scopeOf = (scope: Scope): Scope => {
    const found = inner.get(scope) ?? scope.child()
    if (!inner.has(scope)) {
      for (const module of driver.modules) module.install(scope)
      found.value(LAUNCHER, deaf(scope.get(LAUNCHER), new Set(missing)))
      inner.set(scope, found)
    }
    return found
  }
  return Object.freeze({
    ...driver,
    probe: (scope) => driver.probe(scopeOf(scope)),
    create: (scope) => driver.create(scopeOf(scope)),
  } satisfies Driver<'isolation', 'disk'>)
}

/** The protection that is left out, and the test that must notice. Each of them leaves the host safe from the suite. */
const protections: readonly (readonly [steps: readonly StepName[], noticed: string])[] = [
  [['noNewPrivileges'], 'can gain no new privileges, unless that is asked for'],
  [['seccomp'], 'filters system calls exactly if its manifest says seccomp'],
  [['bounding'], 'has at most ten capabilities by default, and none to inherit'],
  [['mask'], 'hides what the kernel tells about the host in /proc and /sys'],
  [['readonly'], 'has nothing in /proc and /sys that changes the host when it is written'],
  [['hostname'], 'has the host name asked for, never the host’s, and cannot change the host’s'],
  [['rootAttrs'], 'refuses every write to a read-only root, and still runs'],
  [['user'], 'refuses a user that the container does not know'],
  [
    ['cwd'],
    'starts in the working directory asked for, / by default, and refuses one that is not there',
  ],
]

const outcomesOf = (missing: readonly StepName[], only: readonly string[]) =>
  collect((api) => testIsolationDriver(api, { driver: () => without(missing) }), only)

describe('testIsolationDriver', () => {
  it('passes these tests when nothing is left out', async () => {
    const titles = [...new Set(protections.map(([, noticed]) => noticed))]
    const outcomes = await outcomesOf([], titles)
    expect(outcomes.map(({ title }) => title)).to.have.members(titles)
    expect(failures(outcomes)).to.deep.equal([])
  })

  for (const [missing, noticed] of protections) {
    it(`notices that ${missing.join(' and ')} is missing`, async () => {
      expect(failures(await outcomesOf(missing, [noticed]))).to.deep.equal([noticed])
    })
  }
})
