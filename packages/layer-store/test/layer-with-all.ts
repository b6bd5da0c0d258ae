import type { DirectoryJail, Launcher, NewEntry } from '@caisson/core'
import { createLauncher } from '@caisson/launcher'
import type { Layer, LayerStore, LayerStaging } from '../dist/index.js'
import { openLayerStore } from '../dist/index.js'
import { makeStore, type StoreFixture } from './store-fixture.js'

/** Above what one request carries. */
export const bigContent = Buffer.alloc(700_000, 'big ')

const times = { atimeNs: 1_600_000_000_123_456_789n, mtimeNs: 1_600_000_000_123_456_789n }

function bytes(path: string): Buffer {
  return Buffer.from(path, 'latin1')
}

/** A name with bytes that are no UTF-8, a line's end and a quote. */
export const oddName = 'etc/odd \xff\n"name'

/** One of everything that a root may hold. */
export function manyKinds(isRoot: boolean): readonly NewEntry[] {
  const owner = { uid: 0, gid: 0 }
  const dir = (path: string, mode: number) =>
    ({ type: 'directory', path: bytes(path), mode, owner }) as const
  const file = (path: string, mode: number, content: string) =>
    ({ type: 'file', path: bytes(path), mode, owner, times, content: bytes(content) }) as const
  return [
    dir('etc', 0o755),
    file('etc/passwd', 0o644, 'root:x:0:0\n'),
    file(oddName, 0o600, 'odd'),
    file('etc/empty', 0o644, ''),
    dir('usr', 0o755),
    dir('usr/bin', 0o755),
    file('usr/bin/su', 0o4755, 'set-user-ID'),
    file('usr/bin/tool', 0o755, 'a tool'),
    file('usr/bin/twin', 0o755, 'a tool'),
    { type: 'hardlink', path: bytes('usr/bin/tool-2'), mode: 0, target: bytes('usr/bin/tool') },
    { type: 'hardlink', path: bytes('usr/bin/tool-3'), mode: 0, target: bytes('usr/bin/tool') },
    { type: 'symlink', path: bytes('bin'), mode: 0o777, owner, times, target: bytes('usr/bin') },
    { type: 'fifo', path: bytes('usr/pipe'), mode: 0o640, owner, times },
    dir('secret', 0o700),
    file('secret/key', 0o400, 'a key'),
    dir('tmp', 0o1777),
    dir('empty', 0o555),
    {
      type: 'character',
      path: bytes('etc/gone'),
      mode: 0,
      device: { major: 0, minor: 0 },
      times,
    },
    ...(isRoot
      ? [
          {
            type: 'character' as const,
            path: bytes('tmp/null'),
            mode: 0o666,
            device: { major: 1, minor: 3 },
            owner: { uid: 12, gid: 34 },
            times,
          },
          { ...file('usr/bin/owned', 0o2755, 'of another'), owner: { uid: 1234, gid: 5678 } },
        ]
      : []),
  ]
}

async function fillKinds(jail: DirectoryJail): Promise<void> {
  for (const entry of manyKinds(jail.identity.mode === 'root')) await jail.make(entry)
  await jail.setXattr(bytes('usr/bin/su'), 'user.note', bytes('kept'))
  await jail.setXattr(bytes('etc'), 'user.overlay.opaque', bytes('y'))
  await jail.make({ type: 'file', path: bytes('usr/big'), mode: 0o600 })
  const file = await jail.open(bytes('usr/big'), { access: 'write' })
  for (let at = 0; at < bigContent.length; at += 200_000)
    await file.write(bigContent.subarray(at, at + 200_000))
  // a new owner takes these bits away
  await file.set({ mode: 0o6755, times })
  await file.close()
  for (const directory of ['etc', 'usr/bin', 'usr', 'secret', 'tmp', 'empty', '.'])
    await jail.files.set(bytes(directory), { times }, false)
}

/** A store with one layer that has an entry of every kind, and the server by which tests damage it. */
export interface LayerWithAll extends AsyncDisposable {
  readonly fixture: StoreFixture
  readonly store: LayerStore
  readonly launcher: Launcher
  readonly layer: Layer
  readonly jail: DirectoryJail
  readonly fill: (staging: LayerStaging) => Promise<void>
  /** Another opening of the same. */
  again(): Promise<LayerStore>
}

export async function jailAt(launcher: Launcher, directory: string): Promise<DirectoryJail> {
  const jail = await launcher.jail?.(directory)
  if (jail === undefined) throw new Error('this launcher has no jail')
  return jail
}

/** @param more what the layer is published with, beside its recipe */
export async function makeLayerWithAll(
  more: { readonly rememberFill?: boolean } = {},
): Promise<LayerWithAll> {
  const fixture = await makeStore()
  const launcher = createLauncher()
  const opened: LayerStore[] = []
  const again = async (): Promise<LayerStore> => {
    const store = await openLayerStore({ directory: fixture.directory, sync: false, launcher })
    opened.push(store)
    return store
  }
  const fill = async ({ diff }: LayerStaging): Promise<void> => {
    await using jail = await jailAt(launcher, diff)
    await fillKinds(jail)
  }
  const first = await again()
  const layer = await first.layers.publish({ recipe: 'all', fill })
  // one that never was told how the layer is made
  const store = more.rememberFill === true ? first : await again()
  const jail = await jailAt(launcher, layer.diff)
  return {
    fixture,
    store,
    launcher,
    layer,
    jail,
    fill,
    again,
    [Symbol.asyncDispose]: async () => {
      // what belongs to other ids only a jail can remove
      await jail.files.set(bytes('.'), { mode: 0o755 }, false).catch(() => {})
      await jail[Symbol.asyncDispose]()
      await using above = await jailAt(launcher, fixture.directory)
      await above.files.remove(bytes('layers'), true).catch(() => {})
      for (const one of opened) await one[Symbol.asyncDispose]()
      await launcher[Symbol.asyncDispose]()
      await fixture[Symbol.asyncDispose]()
    },
  }
}
