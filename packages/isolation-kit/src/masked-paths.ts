/**
 * Hidden in /proc: memory, keys, tables and timings of the host's kernel that procfs does not divide by namespace. Absent ones
 * are fine.
 */
export const maskedProcPaths: readonly string[] = Object.freeze([
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kallsyms',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
])

/**
 * Hidden in /sys: firmware, modules, and counters that betray what other tenants compute; and the places where hosts mount
 * debugfs, tracefs, securityfs, bpf and selinux, although a sysfs of our own has only empty directories there.
 * @param cpus how many CPUs the host has; their thermal counters are one directory each
 */
export function maskedSysPaths(cpus: number): readonly string[] {
  const throttle = Array.from(
    { length: cpus },
    (_, n) => `/sys/devices/system/cpu/cpu${n}/thermal_throttle`,
  )
  return [
    '/sys/firmware',
    '/sys/fs/bpf',
    '/sys/fs/selinux',
    '/sys/kernel/debug',
    '/sys/kernel/security',
    '/sys/kernel/tracing',
    '/sys/module',
    '/sys/devices/virtual/powercap',
    ...throttle,
  ]
}
