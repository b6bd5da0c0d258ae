import { readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import type { RootExtra, RootPart, SnapshotBase, SnapshotOrigin } from '@caisson/core'
import { digestNamed, type Digest } from './digest.js'
import { storeError } from './store-error.js'
import type { StorePlaces } from './store-places.js'

/** What is known of a snapshot, as its meta.json has it. */
export interface SnapshotMeta extends SnapshotOrigin {
  readonly id: string
  /** `active`: written to; `kept`: a state; `deleted`: stays only for those that lie upon it or hold it. */
  readonly kind: 'active' | 'kept' | 'deleted'
  /** Who made it. */
  readonly session: string
  readonly name: string | undefined
  readonly createdMs: number
}

const idForm = /^[0-9a-f]{32}$/

/** Whether it is a snapshot's id, and so may become part of a path. */
export function isSnapshotId(value: unknown): value is string {
  return typeof value === 'string' && idForm.test(value)
}

/** Layers of this store that a base is made of: by where its directories lie. */
export function layersOf(places: StorePlaces, base: SnapshotBase): readonly Digest[] {
  const lowers = base.parts.flatMap((part) => part.lowers)
  const found = lowers.flatMap((path) => {
    const [hex = '', rest] = path.startsWith(places.layers + sep)
      ? path.slice(places.layers.length + 1).split(sep)
      : []
    const digest = rest === 'diff' ? digestNamed(hex) : undefined
    return digest === undefined ? [] : [digest]
  })
  return [...new Set(found)]
}

function texts(value: unknown): readonly string[] {
  if (!Array.isArray(value) || !value.every((item): item is string => typeof item === 'string'))
    throw new Error('a list of strings is missing')
  return value
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw new Error('an object is missing')
  return { ...value }
}

function list(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  if (!Array.isArray(value)) throw new Error('a list is missing')
  return value.map(record)
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new Error('a string is missing')
  return value
}

function parsePart(part: Readonly<Record<string, unknown>>): RootPart {
  return { at: text(part['at']), lowers: texts(part['lowers']) }
}

function parseExtra(extra: Readonly<Record<string, unknown>>): RootExtra {
  const path = text(extra['path'])
  if (extra['kind'] === 'symlink') return { kind: 'symlink', path, target: text(extra['target']) }
  return { kind: 'directory', path, mode: Number(extra['mode']) }
}

function parseMeta(source: string, id: string): SnapshotMeta {
  const meta = record(JSON.parse(source))
  const base = record(meta['base'])
  const { kind, name, parent } = meta
  if (kind !== 'active' && kind !== 'kept' && kind !== 'deleted') throw new Error('unknown kind')
  if (parent !== undefined && !isSnapshotId(parent)) throw new Error('its parent is no id')
  return Object.freeze({
    id,
    kind,
    session: text(meta['session']),
    name: typeof name === 'string' ? name : undefined,
    createdMs: Number(meta['createdMs']),
    parent,
    base: {
      key: text(base['key']),
      parts: list(base['parts']).map(parsePart),
      extras: list(base['extras']).map(parseExtra),
      masked: texts(base['masked']),
      durable: base['durable'] === true,
    },
  })
}

/**
 * Reads it; undefined when it is not there.
 * @throws CaissonError ERR_STORE_DAMAGED
 */
export function readSnapshotMeta(directory: string, id: string): SnapshotMeta | undefined {
  let source: string
  try {
    source = readFileSync(join(directory, 'meta.json'), 'utf8')
  } catch {
    return undefined
  }
  // after a loss of power: of one that nobody was promised, whose bytes were never waited for
  if (/^\0*$/.test(source)) return undefined
  try {
    return parseMeta(source, id)
  } catch (cause) {
    throw storeError('ERR_STORE_DAMAGED', id, 'its meta.json is not what was written', { cause })
  }
}
