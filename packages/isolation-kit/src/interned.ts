/** Makes a value read-only all through; bytes are left alone, they cannot be frozen. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  for (const part of Object.values(value)) deepFreeze(part)
  return Object.freeze(value)
}

/** A map that forgets what was put in first when it has too many. */
export class BoundedMap<V> {
  readonly #limit: number
  readonly #values = new Map<string, V>()

  constructor(limit: number) {
    this.#limit = limit
  }

  get(key: string): V | undefined {
    return this.#values.get(key)
  }

  set(key: string, value: V): V {
    this.#values.set(key, value)
    for (const oldest of this.#values.keys()) {
      if (this.#values.size <= this.#limit) break
      this.#values.delete(oldest)
    }
    return value
  }
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === 'bigint') return `${part}n`
    return part instanceof Uint8Array ? Buffer.from(part).toString('base64') : part
  })
}

/**
 * Gives equal lists one identity. The launcher remembers lists by identity, and specs that differ in what no step shows,
 * such as the environment, must not each make it build a template.
 */
export class Interner<T> {
  readonly #lists: BoundedMap<readonly T[]>

  constructor(limit: number) {
    this.#lists = new BoundedMap(limit)
  }

  intern(list: readonly T[]): readonly T[] {
    const key = canonical(list)
    return this.#lists.get(key) ?? this.#lists.set(key, deepFreeze(list))
  }
}
