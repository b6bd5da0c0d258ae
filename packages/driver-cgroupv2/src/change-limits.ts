import { suppress, type BelowUsage, type ParsedLimits } from '@caisson/core'
import type { Group } from './group.js'
import { makeRoom } from './memory-change.js'
import { controllerOf, type Setting } from './setting.js'
import { settingsOf } from './settings.js'

/** Files with a line for each device, of which only those named are changed. */
const BY_DEVICE: Readonly<Record<string, string>> = {
  'io.max': 'rbps=max wbps=max riops=max wiops=max',
  'io.latency': 'target=max',
  'rdma.max': 'hca_handle=max hca_object=max',
  'misc.max': 'max',
}

/** What puts it back; undefined where there is nothing to put back. */
function was(group: Group, { file, value, field }: Setting): Setting | undefined {
  const text = group.read(file)?.trim()
  if (text === undefined) return undefined
  const none = Object.hasOwn(BY_DEVICE, file) ? BY_DEVICE[file] : undefined
  if (none === undefined) return { file, value: text, field }
  const [device = ''] = value.split(' ')
  const line = text.split('\n').find((each) => each.startsWith(`${device} `))
  return { file, value: line ?? `${device} ${none}`, field }
}

function isMemory(setting: Setting): boolean {
  return controllerOf(setting) === 'memory'
}

function putBack(group: Group, undone: readonly Setting[]): unknown[] {
  const failures: unknown[] = []
  for (const setting of undone.toReversed()) {
    try {
      group.write(setting)
    } catch (error) {
      failures.push(error)
    }
  }
  return failures
}

/**
 * Changes limits of a group in which processes run: all, or none.
 * @param before the limits it has
 * @throws CaissonError ERR_LIMIT_BELOW_USAGE, ERR_LIMIT_RANGE ...
 */
export function changeLimits(
  group: Group,
  before: ParsedLimits,
  limits: ParsedLimits,
  policy: BelowUsage,
): void {
  const settings = [...settingsOf(limits)]
  const { memory, cpu } = limits
  // an idle group takes no weight (EINVAL)
  if (typeof cpu?.weight === 'number' && before.cpu?.weight === 'idle')
    settings.unshift({ file: 'cpu.idle', value: '0', field: 'cpu.weight' })
  // what others refuse is known before anything is killed for memory
  const ordered = [
    ...settings.filter((each) => !isMemory(each)),
    ...settings.filter((each) => isMemory(each)),
  ]
  const undone: Setting[] = []
  try {
    if (memory !== undefined) makeRoom(group, memory, policy)
    for (const setting of ordered) {
      const old = was(group, setting)
      group.write(setting)
      if (old !== undefined) undone.push(old)
    }
  } catch (error) {
    suppress(error, putBack(group, undone))
    throw error
  }
}
