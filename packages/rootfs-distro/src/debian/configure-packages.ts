import type { ExecOptions, ExecResult, Files } from '@caisson/core'

const policy = '/usr/sbin/policy-rc.d'

/** What is needed of a container: any with the feature `files` has it. */
export interface ConfigurableContainer {
  readonly fs: Pick<Files, 'writeFile' | 'rm'>
  exec(
    command: string,
    args: readonly string[],
    options: ExecOptions<never>,
  ): PromiseLike<ExecResult>
}

/**
 * The second stage: runs the maintainer scripts of a root of `debian:` in a container on it, as `dpkg --configure -a` does, and
 * no services. The root needs `dpkg`, `diffutils` and `libc-bin` among its packages. What they do is the container's own; `commit()` keeps it.
 * @returns how dpkg ended; look at `ok`, and at `stdout` and `stderr` for what it said
 * @throws CaissonError the codes of `exec`
 */
export async function configurePackages(
  container: ConfigurableContainer,
  options: { readonly signal?: AbortSignal } = {},
): Promise<ExecResult> {
  // invoke-rc.d(8): 101 forbids the action
  await container.fs.writeFile(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    return await container.exec('dpkg', ['--configure', '-a'], {
      env: { DEBIAN_FRONTEND: 'noninteractive', DEBCONF_NONINTERACTIVE_SEEN: 'true' },
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    })
  } finally {
    await container.fs.rm(policy, { force: true })
  }
}
