import { readIfThere } from '@caisson/cgroup-kit'
import { suppress, type BelowUsage, type ParsedLimits } from '@caisson/core'
import type { Group } from './group.js'
import { asBelowUsage, makeRoom, orderMemory } from './memory-change.js'
import type { Setting } from './setting.js'
import { settingsOf, type SettingHost } from './settings.js'

function was(group: Group, { controller, file, value }: Setting): string | undefined {
  const path = group.file(controller, file)
  const text = path === undefined ? undefined : readIfThere(path)?.trim()
  if (text === undefined || controller !== 'blkio' || !file.endsWith('_device')) return text
  const [disk = ''] = value.split(' ')
  return text.split('\n').find((line) => line.startsWith(`${disk} `)) ?? `${disk} 0`
}

/**
 * Changes limits of a group in which processes run: all, or none.
 * @param before the limits it has
 * @param kill as of `makeRoom`
 * @throws CaissonError ERR_LIMIT_BELOW_USAGE, ERR_LIMIT_RANGE ...
 */
export async function changeLimits(
  group: Group,
  before: ParsedLimits,
  limits: ParsedLimits,
  host: SettingHost,
  policy: BelowUsage,
  kill: () => Promise<void>,
): Promise<void> {
  const settings = [...settingsOf(limits, host)]
  const { memory, cpu } = limits
  // weight and idleness exclude each other
  if (typeof cpu?.weight === 'number' && before.cpu?.weight === 'idle') {
    settings.unshift({ controller: 'cpu', file: 'cpu.idle', value: '0', field: 'cpu.weight' })
  }
  const undone: Setting[] = []
  // what others refuse is known before anything is killed for memory
  const ordered = [
    ...settings.filter(({ controller }) => controller !== 'memory'),
    ...settings.filter(({ controller }) => controller === 'memory'),
  ]
  try {
    for (const setting of ordered.filter(({ controller }) => controller !== 'memory')) {
      change(group, setting, undone)
    }
    if (memory === undefined) return
    // seen first what only the kernel can say: `makeRoom` may write the limit
    const memorySettings = ordered.filter(({ controller }) => controller === 'memory')
    const first = memorySettings.map((setting) => ({ setting, value: was(group, setting) }))
    for (const { setting, value } of first) {
      if (value !== undefined) undone.push({ ...setting, value })
    }
    await makeRoom(group, memory, policy, kill)
    for (const setting of orderMemory(group, memorySettings)) group.write(setting)
  } catch (error) {
    const told = asBelowUsage(group, memory, error)
    suppress(told, putBack(group, undone))
    throw told
  }
}

function change(group: Group, setting: Setting, undone: Setting[]): void {
  const value = was(group, setting)
  group.write(setting)
  if (value !== undefined) undone.push({ ...setting, value })
}

function putBack(group: Group, undone: readonly Setting[]): unknown[] {
  const failures: unknown[] = []
  const memory = orderMemory(
    group,
    undone.filter(({ controller }) => controller === 'memory'),
  )
  const others = undone.filter(({ controller }) => controller !== 'memory').toReversed()
  for (const setting of [...memory, ...others]) {
    try {
      group.write(setting)
    } catch (error) {
      failures.push(error)
    }
  }
  return failures
}
