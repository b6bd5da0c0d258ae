/** Paths in /proc by which a writer would change the host's kernel. Absent ones are fine. */
export const readonlyProcPaths: readonly string[] = Object.freeze([
  '/proc/apm',
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
])
