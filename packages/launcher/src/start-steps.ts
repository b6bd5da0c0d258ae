import type { ContainerStep, ExecStep, LaunchCommand, ProcessStep } from '@caisson/core'
import { encodeSteps, stepTable } from '@caisson/core'

function isContainerStep(step: ContainerStep | ProcessStep): step is ContainerStep {
  return stepTable[step.op].contexts.includes('container')
}

function isProcessStep(step: ContainerStep | ProcessStep): step is ProcessStep {
  return !isContainerStep(step)
}

/**
 * Steps that come with one start: the container's, the command's, and its `exec` last.
 * @throws CaissonError ERR_INVALID_SPEC for a step that is not in the table
 */
export function encodeStartSteps(command: LaunchCommand): Uint8Array {
  const exec: ExecStep = { op: 'exec', argv: command.argv, env: command.env }
  const last: readonly ProcessStep[] =
    command.tty === undefined ? [exec] : [{ op: 'terminal', ...command.tty }, exec]
  if (command.steps.length === 0) return encodeSteps(last, 'process')
  const own = encodeSteps([...command.steps.filter(isProcessStep), ...last], 'process')
  const container = command.steps.filter(isContainerStep)
  return container.length === 0 ? own : Buffer.concat([encodeSteps(container, 'container'), own])
}
