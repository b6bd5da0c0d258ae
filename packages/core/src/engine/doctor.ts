import type { Driver, DriverKind } from '../contracts/driver.js'
import type { Probe } from '../contracts/probe.js'
import type { Scope } from '../di/scope.js'
import { reportLimits, type LimitReport } from './limit-report.js'
import { readHostFacts, type HostFacts } from '../host/host-facts.js'

/** What a driver found out. */
export interface DriverReport extends Probe {
  readonly driver: string
  readonly kind: DriverKind
}

/** What a host gives. */
export interface DoctorReport {
  /** Whether every driver works here. */
  readonly ok: boolean
  readonly host: HostFacts
  readonly drivers: readonly DriverReport[]
  /** What each limit (`memory`), or a field of it (`memory.high`), is worth here, and who enforces it. */
  readonly limits: Readonly<Record<string, LimitReport>>
}

/** Asks the host and every driver. Never throws. */
export async function examine(drivers: readonly Driver[], scope: Scope): Promise<DoctorReport> {
  const reports = await Promise.all(
    drivers.map(async (driver) => {
      const probe = await driver.probe(scope)
      return Object.freeze({ driver: driver.name, kind: driver.kind, ...probe })
    }),
  )
  return {
    ok: reports.every(({ ok }) => ok),
    host: readHostFacts(),
    drivers: reports,
    limits: reportLimits(drivers, reports),
  }
}
