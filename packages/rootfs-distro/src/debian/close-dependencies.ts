import { nearest } from '@caisson/core'
import { distroError } from '../distro-error.js'
import type { Alternative, Dependency } from './dependency.js'
import { provides, type DebianPackage, type PackageIndex } from './package-index.js'

function written({ name, version }: Alternative): string {
  return version === undefined ? name : `${name} (${version.operator} ${version.bound})`
}

function notFound(name: string, index: PackageIndex): Error {
  const meant = nearest(name, index.names)
  const hint = meant === undefined ? '' : `; did you mean \`${meant}\`?`
  const why = `none of the ${index.size} packages of this suite has that name${hint}`
  return distroError('ERR_PACKAGE_NOT_FOUND', name, why, 'Correct the name in `packages`.')
}

function unsatisfied(wanted: Dependency, chain: readonly string[]): Error {
  const what = wanted.map(written).join(' | ')
  const why = `${chain.join(' -> ')} needs ${what}, which this suite does not have`
  const fix = 'Leave the package out, or add the suite or component that has it.'
  return distroError('ERR_DEPENDENCY_UNSATISFIED', chain[0] ?? '', why, fix)
}

// /usr is merged before anything is unpacked: the package that says so, not the one that converts a system.
function mergedFirst(a: Alternative, b: Alternative): number {
  return Number(b.name === 'usr-is-merged') - Number(a.name === 'usr-is-merged')
}

/** Packages chosen so far, and whose wish each was. */
class Closure {
  readonly #index: PackageIndex
  readonly #chosen = new Map<string, DebianPackage>()
  readonly #because = new Map<string, string>()

  constructor(index: PackageIndex) {
    this.#index = index
  }

  choose(one: DebianPackage, because: string | undefined): boolean {
    if (this.#chosen.has(one.name)) return false
    this.#chosen.set(one.name, one)
    if (because !== undefined) this.#because.set(one.name, because)
    return true
  }

  /** The package to add for a dependency; undefined when what is chosen already meets it. */
  resolve(wanted: Dependency, of: DebianPackage): DebianPackage | undefined {
    const chosen = [...this.#chosen.values()]
    if (wanted.some((alternative) => chosen.some((one) => provides(one, alternative)))) {
      return undefined
    }
    for (const alternative of wanted.toSorted(mergedFirst)) {
      const found = this.#index.candidates(alternative)[0]
      if (found !== undefined) return found
    }
    throw unsatisfied(wanted, this.chain(of.name))
  }

  chain(name: string): readonly string[] {
    const chain = [name]
    for (let from = this.#because.get(name); from !== undefined; from = this.#because.get(from)) {
      chain.unshift(from)
    }
    return chain
  }

  get packages(): readonly DebianPackage[] {
    return [...this.#chosen.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
  }
}

/**
 * The packages named and all that they need (Pre-Depends, Depends), sorted by name. Of alternatives, one that is chosen
 * already, else the first there is; of providers of a virtual package, the first by
 * priority and name. Within one suite there is one
 * version of each package, so that the first choice is also the only one.
 * @throws CaissonError ERR_PACKAGE_NOT_FOUND with the name that was probably meant, ERR_DEPENDENCY_UNSATISFIED with the chain that led there
 */
export function closeDependencies(
  index: PackageIndex,
  names: readonly string[],
): readonly DebianPackage[] {
  const closure = new Closure(index)
  const queue: DebianPackage[] = []
  for (const name of names) {
    const found = index.get(name) ?? index.candidates({ name, version: undefined })[0]
    if (found === undefined) throw notFound(name, index)
    if (closure.choose(found, undefined)) queue.push(found)
  }
  for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
    for (const dependency of one.dependencies) {
      const found = closure.resolve(dependency, one)
      if (found !== undefined && closure.choose(found, one.name)) queue.push(found)
    }
  }
  return closure.packages
}
