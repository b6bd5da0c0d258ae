/** Paths in /proc by which a writer would change the host's kernel. Absent ones are fine. */
export const readonlyProcPaths: readonly string[] = Object.freeze([
  '/proc/acpi',
  '/proc/apm',
  '/proc/asound',
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/scsi',
  '/proc/sys',
  '/proc/sysrq-trigger',
])
