import type { BuildProgress, TarProgress } from 'caisson'
import type { ProgressBar } from './progress-bar.js'

const inMegabytes = (bytes: number) => Math.ceil(bytes / 1e6)

/** Shows on a bar how far the building of a root is: what `onProgress` of `debian:`, `mmdebstrap:`, `debootstrap:` and `dnf:` takes. */
export function showBuild(bar: ProgressBar): (progress: BuildProgress) => void {
  let phase = 'building'
  let done = 0
  return ({ phase: step, subject, bytes, total }) => {
    if (step === 'resolve') {
      // a tool of the host does not say how many it takes
      const size = total === 0 ? '' : ` of ${total} packages, ${inMegabytes(bytes)} MB`
      phase = `building ${subject}${size}`
      bar.show({ phase, done: 0, total: total * 2 })
    } else if (step === 'download' || step === 'install') {
      // a package is fetched, and unpacked while others are fetched
      done++
      bar.show({ phase, subject, done, total: total * 2 })
    }
  }
}

/** The same of an archive: what `onProgress` of `tar:` takes. */
export function showUnpack(bar: ProgressBar): (progress: TarProgress) => void {
  return ({ phase: step, bytes, count, total }) => {
    if (step === 'unpack') {
      const [done, all] = [inMegabytes(bytes), inMegabytes(total)]
      bar.show({ phase: 'unpacking, in MB', subject: `${count} entries`, done, total: all })
    } else if (step === 'publish') bar.show({ phase: 'waiting for the disk' })
  }
}
