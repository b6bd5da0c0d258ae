import type { LimitProbe } from '@caisson/driver-testkit'
import { expect } from 'chai'

/** Starts forty, or as many as it may. */
const count =
  'n=0; while [ $n -lt 40 ]; do (sleep 5 >/dev/null & echo x) 2>/dev/null || break; n=$((n+1)); done | wc -l'

/** A file that is written as it is, shown by what it does. */
export const unified: LimitProbe = {
  limits: { unified: { 'pids.max': '10' } },
  script: count,
  free: ({ stdout }) => expect(Number(stdout)).to.equal(40),
  bound: ({ stdout }) => expect(Number(stdout)).to.be.lessThan(10),
}
