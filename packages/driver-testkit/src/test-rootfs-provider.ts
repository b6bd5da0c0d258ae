import type { ErrorCode, RootLease, RootfsProvider } from '@caisson/core'
import { Scope } from '@caisson/core/di'
import assert from 'node:assert/strict'
import { readdirSync, statSync } from 'node:fs'
import { posix } from 'node:path'
import { rejection } from './expectations.js'
import { fingerprint } from './fingerprint.js'
import { testManifest, type DriverFactory } from './manifest-tests.js'
import { testMaking, type RootfsMaking } from './rootfs-making.js'
import { defineTest, type TestApi } from './test-api.js'

/** A reference that must be refused. */
export interface BadReference {
  readonly title: string
  readonly reference: string
  readonly code: ErrorCode
}

/** What the suite of a rootfs provider needs to know. */
export interface RootfsSuiteOptions {
  readonly driver: DriverFactory<'rootfs'>
  /** Where what the driver injects comes from; the suite ends it. Called after `before` hooks. Default: an empty one. */
  readonly scope?: () => Scope
  /** A reference (without scheme) that can be lent. Called after `before` hooks. */
  readonly good: () => string
  /** Another whose root differs; absent when the provider has only one root. */
  readonly other?: () => string
  /** References that must be refused. */
  readonly bad: () => readonly BadReference[]
  /** Directories in which lending, once it was done, must change nothing, e.g. the root lent. */
  readonly unwritten: () => readonly string[]
  /** For a provider that makes roots: progress, and what giving up leaves. Absent when it only finds them. */
  readonly making?: RootfsMaking
}

function assertLease(lease: RootLease): void {
  assert.notEqual(lease.key, '')
  assert.equal(lease.parts[0]?.at, '/', 'the first part is the root')
  const places = lease.parts.map((part) => part.at)
  assert.equal(new Set(places).size, places.length, 'no place has two parts')
  for (const path of [...places, ...lease.masked, ...lease.extras.map((extra) => extra.path)]) {
    assert.equal(posix.normalize(path), path, `${path} is normalised`)
    assert.ok(path.startsWith('/'), `${path} is absolute`)
  }
  for (const lower of lease.parts.flatMap((part) => part.lowers)) {
    assert.ok(lower.startsWith('/') && statSync(lower).isDirectory(), `${lower} is a directory`)
  }
}

function testLending(
  api: TestApi,
  options: RootfsSuiteOptions,
  provider: () => RootfsProvider,
): void {
  const lend = (reference: string) => provider().lend({ id: 'kit', reference })

  defineTest(api, 'answers to the schemes of its manifest', () => {
    assert.deepEqual(provider().schemes, options.driver().schemes)
    return Promise.resolve()
  })

  defineTest(api, 'lends a root of directories that are there', async () => {
    const lease = await lend(options.good())
    assertLease(lease)
    await lease.release()
  })

  defineTest(api, 'gives equal keys for equal roots, also at the same time', async () => {
    const leases = await Promise.all([lend(options.good()), lend(options.good())])
    const later = await lend(options.good())
    assert.deepEqual(new Set([...leases, later].map((lease) => lease.key)).size, 1)
    await Promise.all([...leases, later].map((lease) => lease.release()))
  })

  const { other } = options
  if (other !== undefined) {
    defineTest(api, 'gives different keys for different roots', async () => {
      const [one, two] = [await lend(options.good()), await lend(other())]
      assert.notEqual(one.key, two.key)
    })
  }

  defineTest(api, 'takes a root back more than once', async () => {
    const lease = await lend(options.good())
    await lease.release()
    await lease.release()
    assertLease(await lend(options.good()))
  })

  defineTest(api, 'gives up when its AbortSignal says so', async () => {
    const signal = AbortSignal.abort()
    const lending = () => provider().lend({ id: 'kit', reference: options.good(), signal })
    await rejection(lending, 'ERR_ABORTED')
  })

  defineTest(api, 'keeps what it lent when the AbortSignal comes later', async () => {
    const later = new AbortController()
    const { signal } = later
    const lease = await provider().lend({ id: 'kit', reference: options.good(), signal })
    later.abort()
    assertLease(lease)
    await lease.release()
  })
}

/**
 * Conformance of a rootfs provider.
 * @param api the functions of the test runner
 */
export function testRootfsProvider(api: TestApi, options: RootfsSuiteOptions): void {
  let provider: RootfsProvider | undefined
  let scope: Scope | undefined
  const get = (): RootfsProvider => {
    scope ??= options.scope?.() ?? Scope.root()
    return (provider ??= options.driver().create(scope))
  }
  api.describe('as a rootfs provider', () => {
    api.after(async () => scope?.[Symbol.asyncDispose]())
    testManifest(api, 'rootfs', options.driver)
    testLending(api, options, get)

    defineTest(api, 'refuses bad references by code, and leaves no descriptor open', async () => {
      await get().lend({ id: 'kit', reference: options.good() })
      const before = readdirSync('/proc/self/fd').length
      for (const { title, reference, code } of options.bad()) {
        const lending = () => get().lend({ id: 'kit', reference })
        const error = await rejection(lending, code)
        assert.equal(error.field, 'from', title)
      }
      assert.equal(readdirSync('/proc/self/fd').length, before)
    })

    defineTest(api, 'writes nothing into what it lends', async () => {
      const directories = options.unwritten()
      const before = directories.map(fingerprint)
      const lease = await get().lend({ id: 'kit', reference: options.good() })
      await lease.release()
      assert.deepEqual(directories.map(fingerprint), before)
    })

    if (options.making !== undefined) testMaking(api, options.making)
  })
}
