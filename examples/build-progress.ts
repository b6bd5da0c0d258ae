import type { BuildProgress } from 'caisson'
import type { ProgressBar } from './progress-bar.js'

const megabytes = (bytes: number) => `${Math.ceil(bytes / 1e6)} MB`

/** Shows on a bar how far the building of a root is: what `onProgress` of its provider takes. */
export function showBuild(bar: ProgressBar): (progress: BuildProgress) => void {
  let phase = 'building'
  let done = 0
  return ({ phase: step, subject, bytes, total }) => {
    if (step === 'resolve') {
      phase = `building ${subject} of ${total} packages, ${megabytes(bytes)}`
      bar.show({ phase, done: 0, total: total * 2 })
    } else if (step === 'download' || step === 'install') {
      // a package is fetched, and unpacked while others are fetched
      done++
      bar.show({ phase, subject, done, total: total * 2 })
    }
  }
}
