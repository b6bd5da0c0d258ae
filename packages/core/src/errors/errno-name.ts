import { constants } from 'node:os'

const names = new Map<number, string>()
for (const [name, value] of Object.entries(constants.errno)) {
  // EAGAIN and EWOULDBLOCK, ENOTSUP and EOPNOTSUPP share numbers: the first name is the usual one
  if (!names.has(value)) names.set(value, name)
}

/** Name of an errno, e.g. `ENOENT` for 2; `errno 9999` for one that has no name. The sign does not matter. */
export function errnoName(errno: number): string {
  return names.get(Math.abs(errno)) ?? `errno ${Math.abs(errno)}`
}
