export { architectureOf, auditArchitecture, type Architecture } from './architecture.js'
export { compileProfile } from './compile-profile.js'
export { defaultProfile } from './default-profile.js'
export { strictProfile } from './strict-profile.js'
export type { ProfileTarget } from './decision.js'
export type {
  ArgumentTest,
  ErrnoName,
  SeccompAction,
  SeccompProfile,
  SeccompRule,
} from './profile.js'
export { syscallTable, type SyscallTable } from './syscall-table.js'
