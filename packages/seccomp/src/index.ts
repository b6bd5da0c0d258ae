export {
  architectureFacts,
  architectureOf,
  type Architecture,
  type ArchitectureFacts,
} from './architecture.js'
export { compileProfile, type CompiledProfile } from './compile-profile.js'
export type { Diagnostic } from './lint-profile.js'
export { namedProfile, type ProfileName } from './named-profile.js'
export type {
  SeccompAction,
  SeccompArchitectures,
  SeccompArgument,
  SeccompFilter,
  SeccompNumber,
  SeccompOperator,
  SeccompProfile,
  SeccompRule,
} from './profile.js'
export { syscallTable, type SyscallTable } from './syscall-table.js'
export type { ProfileTarget } from './target.js'
