import type { UpperEntry } from '@caisson/core'
import { createPlanIsolation, toChange } from '@caisson/isolation-kit'
import { expect } from 'chai'
import { host, makeRequest, rootIdentity } from './support/fixtures.js'
import { RecordingLauncher } from './support/recording-launcher.js'

const entry = (more: Partial<UpperEntry>): UpperEntry => ({
  path: 'a',
  type: 'file',
  whiteout: false,
  opaque: false,
  lower: undefined,
  size: 0,
  mode: 0o644,
  ...more,
})
const change = (more: Partial<UpperEntry>, part = '/') =>
  toChange(entry(more), part, (path) => path === '/proc')

describe('toChange', () => {
  it('tells what is new, other and of another type', () => {
    expect(change({ size: 5 })).to.deep.equal({ path: '/a', kind: 'added', type: 'file', size: 5 })
    expect(change({ lower: 'file', size: 7 })).to.include({ kind: 'modified', size: 7 })
    expect(change({ lower: 'symlink' })).to.include({ kind: 'type-changed', type: 'file' })
    expect(change({ type: 'symlink', lower: 'directory' })).to.include({ kind: 'type-changed' })
  })

  it('tells what was deleted by the type that it had', () => {
    const whiteout = { whiteout: true, type: 'device' } as const
    expect(change({ ...whiteout, lower: 'symlink' })).to.deep.equal({
      path: '/a',
      kind: 'deleted',
      type: 'symlink',
      size: 0,
    })
    expect(change(whiteout)).to.equal(undefined)
  })

  it('passes over directories that only hold changes, but not over those made anew', () => {
    expect(change({ type: 'directory', lower: 'directory' })).to.equal(undefined)
    expect(change({ type: 'directory', lower: 'directory', opaque: true })).to.include({
      kind: 'modified',
    })
    expect(change({ type: 'directory' })).to.include({ kind: 'added' })
  })

  it('passes over places that were made for mounts, unless the root had them', () => {
    expect(change({ path: 'proc', type: 'directory' })).to.equal(undefined)
    expect(change({ path: 'proc', whiteout: true, lower: 'directory' })).to.include({
      kind: 'deleted',
    })
  })

  it('puts the place of a part before its paths', () => {
    expect(change({ path: 'lib/x' }, '/usr')).to.include({ path: '/usr/lib/x' })
  })
})

describe('changes of a container', () => {
  it('are those of all parts, without what the steps made', async () => {
    const launcher = new RecordingLauncher(rootIdentity)
    launcher.entries = [
      [
        entry({ path: 'proc', type: 'directory' }),
        entry({ path: 'bin', type: 'symlink' }),
        entry({ path: 'usr', type: 'directory' }),
        entry({ path: 'data', type: 'directory' }),
        entry({ path: 'hello.c', size: 3 }),
      ],
      [entry({ path: 'bin/sh', whiteout: true, lower: 'symlink' })],
      [],
    ]
    const isolation = createPlanIsolation({ kind: 'pivot', launcher, host })
    const container = await isolation.create(
      makeRequest({ mounts: [{ kind: 'tmpfs', to: '/data/x', sizeBytes: 4096, exec: true }] }),
    )
    const seen: string[] = []
    for await (const { kind, path } of container.changes()) seen.push(`${kind} ${path}`)
    expect(seen).to.deep.equal(['added /hello.c', 'deleted /usr/bin/sh'])
  })
})
