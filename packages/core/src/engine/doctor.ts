import type { Driver, DriverKind } from '../contracts/driver.js'
import type { Probe } from '../contracts/probe.js'
import type { Scope } from '../di/scope.js'
import { reportLimits, type LimitReport } from './limit-report.js'
import type { CopyOnWrite, WriteProbes } from './copy-on-write.js'
import { readHostFacts, type HostFacts } from '../host/host-facts.js'

/** What a driver found out. */
export interface DriverReport extends Probe {
  readonly driver: string
  readonly kind: DriverKind
}

/** What a host gives. */
export interface DoctorReport {
  /** Whether containers can be made: isolation and every limiter work here, and one provider of roots at least. */
  readonly ok: boolean
  readonly host: HostFacts
  readonly drivers: readonly DriverReport[]
  /** What each limit (`memory`), or a field of it (`memory.high`), is worth here, and who enforces it. */
  readonly limits: Readonly<Record<string, LimitReport>>
  /** Whether containers can write, and where; undefined: the isolation driver makes no root writable, or shows no files. */
  readonly writes: WriteProbes | undefined
}

/** What is asked, besides the drivers themselves. */
export interface Examined {
  readonly scope: Scope
  readonly writes: CopyOnWrite
}

/** A provider that lacks its tool or its mirror hinders nobody who takes roots from elsewhere. */
function isOk(reports: readonly DriverReport[]): boolean {
  const roots = reports.filter(({ kind }) => kind === 'rootfs')
  const others = reports.filter(({ kind }) => kind !== 'rootfs')
  return others.every(({ ok }) => ok) && (roots.length === 0 || roots.some(({ ok }) => ok))
}

/** Asks the host and every driver, and tries out whether containers can write. Never throws. */
export async function examine(
  drivers: readonly Driver[],
  { scope, writes: places }: Examined,
): Promise<DoctorReport> {
  const reports = await Promise.all(
    drivers.map(async (driver) => {
      const probe = await driver.probe(scope)
      return Object.freeze({ driver: driver.name, kind: driver.kind, ...probe })
    }),
  )
  const features = drivers.flatMap((driver) => driver.features)
  const tries =
    features.includes('copyOnWrite') &&
    features.includes('files') &&
    reports.every(({ kind, ok }) => kind !== 'isolation' || ok)
  const writes = tries ? await places.report() : undefined
  return {
    ok: isOk(reports),
    host: readHostFacts(),
    drivers: reports,
    limits: reportLimits(drivers, reports),
    writes,
  }
}
