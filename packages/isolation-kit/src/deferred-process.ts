import type { LaunchedProcess } from '@caisson/core'

function ignore(): void {
  // whoever waits for `started` or `ended` gets the error; the other promise needs no second listener
}

/** A process that is launched when `launch` settles: a handle that can be waited for and signalled at once. */
export function deferredProcess(launch: Promise<LaunchedProcess>): LaunchedProcess {
  const started = launch.then((process) => process.started)
  const ended = launch.then((process) => process.ended)
  started.catch(ignore)
  ended.catch(ignore)
  return {
    started,
    ended,
    signal(signal, final) {
      launch.then((process) => {
        process.signal(signal, final)
      }, ignore)
    },
    resize(size) {
      launch.then((process) => {
        process.resize?.(size)
      }, ignore)
    },
  }
}
