// The only file that imports tsyringe. reflect-metadata comes first: tsyringe throws without it, and an ES module that
// threw once stays broken for the whole process.
import 'reflect-metadata'
import {
  container as globalContainer,
  injectable,
  injectWithTransform,
  type DependencyContainer,
} from 'tsyringe'

/** tsyringe's own container, as far as we use it. */
export type RawContainer = DependencyContainer

/**
 * A container without a parent. Children of tsyringe's global one would see what others register there, and disposing
 * it would break them. The constructor is not a public export, so there is a fall-back.
 */
export function createRawContainer(): RawContainer {
  const constructor: unknown = globalContainer.constructor
  if (typeof constructor === 'function') {
    const made: unknown = Reflect.construct(constructor, [])
    if (isContainer(made)) return made
  }
  return globalContainer.createChildContainer()
}

function isContainer(value: unknown): value is RawContainer {
  return typeof value === 'object' && value !== null && 'createChildContainer' in value
}

/** Any class. */
export type Constructor<T = unknown> = new (...args: never[]) => T
type Transformer = new () => {
  transform(incoming: unknown, ...args: unknown[]): unknown
}

/**
 * Writes the metadata that decorators on a class and its parameters would write.
 * @param from resolved first, and handed with each of `args` to a `transformer`
 */
export function annotate(
  target: Constructor,
  from: symbol,
  transformer: Transformer,
  args: readonly unknown[],
): void {
  // Of its own: a subclass would otherwise be built with the types of its parent's parameters
  Reflect.defineMetadata('design:paramtypes', [], target)
  for (const [index, arg] of args.entries()) {
    injectWithTransform(from, transformer, arg)(target, undefined, index)
  }
  injectable()(target)
}

/**
 * Whether a class itself says what its parameters are. tsyringe would build one that does not with undefined for each
 * parameter that has a default, and a subclass with the parameters of its parent.
 */
export function isAnnotated(target: Constructor): boolean {
  return Reflect.hasOwnMetadata('design:paramtypes', target)
}

/** Builds a class with what the container has. */
export function construct<T>(raw: RawContainer, target: Constructor<T>): T {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- tsyringe types constructors by any[]
  return raw.resolve(target as new (...args: unknown[]) => T)
}
