import { invalidArgument, singleUser, type Command, type ContainerSpec } from '@caisson/core'

const [onlyId = ''] = singleUser.split(':')

/**
 * Refuses what a container of this spec cannot do for a command, before anything is touched.
 * @throws TypeError ERR_INVALID_SPEC
 */
export function checkCommand(
  { isolation }: ContainerSpec,
  { user, groups, tty }: Pick<Command, 'user' | 'groups' | 'tty'>,
): void {
  if (tty !== undefined && isolation.devices === 'minimal') {
    throw invalidArgument({
      field: 'tty',
      why: 'the container has no terminals (devices: "minimal")',
      fix: 'Pass devices: "standard" with the container, or leave `tty` out.',
    })
  }
  if (isolation.ids !== 'single') return
  const field = groups.length > 0 ? 'groups' : 'user'
  if (groups.length === 0 && (user === onlyId || user === singleUser)) return
  throw invalidArgument({
    field,
    subject: field === 'user' ? user : groups.join(' '),
    why: `the container has one id, ${onlyId} (ids: "single")`,
    fix: `Pass ids: "range" with the container, or leave \`${field}\` out.`,
  })
}
