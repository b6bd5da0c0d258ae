import { createEngine, DATA_DIR, type Driver, type Duration } from '@caisson/core'
import { Scope } from '@caisson/core/di'
import { pivotRoot } from '@caisson/driver-pivotroot'
import { testRootfsProvider } from '@caisson/driver-testkit'
import { expect } from 'chai'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BuildProgress } from '../../dist/index.js'
import { baseSystem, lackForBaseSystem } from './base-system.js'
import { FakeMirror, type FakePackage } from './fake-mirror.js'
import { freshProvider, removeDataDir } from './fresh-provider.js'
import { rejected } from './thrown.js'

/** Options that both tools have. */
export interface BootstrapperOptions {
  readonly mirror?: string
  readonly mirrorTimeout?: Duration
  readonly keyring?: string
  readonly suite?: string
  readonly architecture?: string
  readonly onProgress?: (progress: BuildProgress) => void
}

/** A package of one file, of its name. */
function packageOf(name: string): FakePackage {
  return {
    name,
    files: [{ path: './' }, { path: `./${name}`, content: `${name}\n` }],
    control: [{ path: './control', content: `Package: ${name}\nVersion: 1.0-1\n` }],
  }
}

/** A mirror whose packages a tool of the host can make a whole small Debian of. */
export async function startBaseMirror(): Promise<FakeMirror> {
  const mirror = await FakeMirror.start('sid')
  await mirror.publish([...baseSystem(), ...['extra', 'other'].map(packageOf)])
  return mirror
}

/** What is asked of a tool that makes roots: the conformance kit, a container, and codes of what goes wrong. */
export function testBootstrapper(
  scheme: string,
  rootfs: (options: BootstrapperOptions) => Driver<'rootfs'>,
): void {
  let mirror: FakeMirror | undefined
  let dataDir = ''

  function ofMirror(more: BootstrapperOptions = {}): Driver<'rootfs'> {
    // what is declared does not depend on the mirror, which is not there yet when the kit asks
    if (mirror === undefined) return rootfs({})
    const { address, keyring, suite } = mirror
    return rootfs({ mirror: address, keyring, suite, architecture: 'amd64', ...more })
  }

  before(async function () {
    const { missing } = await rootfs({}).probe(Scope.root())
    const lack =
      lackForBaseSystem() ?? missing.map(({ what, fix }) => `${what} (${fix})`).join(', ')
    if (lack !== '') {
      console.log(`      skipped: ${lack}`)
      return this.skip()
    }
    mirror = await startBaseMirror()
    dataDir = mkdtempSync(join(tmpdir(), `caisson-${scheme}-`))
    return undefined
  })

  after(async () => {
    if (mirror === undefined) return
    await removeDataDir(dataDir, ofMirror())
    await mirror[Symbol.asyncDispose]()
  })

  testRootfsProvider(
    { describe, it, before, after },
    {
      scope: () => Scope.root().value(DATA_DIR, dataDir),
      driver: () => ofMirror(),
      good: () => '',
      other: () => '?packages=other',
      bad: () => [
        { title: 'another query', reference: 'sid?x=y', code: 'ERR_INVALID_SPEC' },
        { title: 'another variant', reference: '?variant=all', code: 'ERR_INVALID_SPEC' },
        { title: 'no such package', reference: '?packages=none', code: 'ERR_PACKAGE_NOT_FOUND' },
        { title: 'no such release', reference: 'nosuch', code: 'ERR_SUITE_NOT_FOUND' },
      ],
      unwritten: () => [],
      making: {
        fresh: (onProgress) => freshProvider(ofMirror({ onProgress }), '?packages=extra'),
        phases: ['resolve', 'download', 'install'],
      },
    },
  )

  it('makes a whole system, in which containers run', async () => {
    const scope = Scope.root().value(DATA_DIR, dataDir)
    await using engine = await createEngine({
      rootfs: [ofMirror()],
      isolation: pivotRoot(),
      limiters: [],
      scope,
    })
    const script = 'cat /other; id -u; ls /dev/null; cat /etc/hostname; ls /var/log/*.log'
    const from = `${scheme}:?packages=other`
    const result = await engine.run(['/bin/sh', '-c', script], { from })
    expect(result.stdout, result.stderr).to.equal('other\n0\n/dev/null\nlocalhost\n')
  })

  const faults: readonly (readonly [title: string, BootstrapperOptions, code: string])[] = [
    ['the mirror is away', { mirror: 'http://127.0.0.1:1/debian' }, 'ERR_MIRROR_UNREACHABLE'],
    ['there is no keyring', { keyring: '/nonexistent' }, 'ERR_SIGNATURE_INVALID'],
  ]
  for (const [title, options, code] of faults)
    it(`says ${code} when ${title}`, async () => {
      await using made = await freshProvider(ofMirror({ mirrorTimeout: '1s', ...options }), '')
      const error = await rejected(made.provider.lend({ id: 'x', reference: '' }))
      expect(error).to.include({ code, field: 'from' })
      expect(made.unfinished()).to.deep.equal([])
    })
}
