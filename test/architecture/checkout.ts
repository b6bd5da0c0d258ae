import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The checkout's top directory; this file runs from test/dist/architecture. */
export const checkout = fileURLToPath(new URL('../../../', import.meta.url))

/** Folders of packages/. */
export const packageFolders: readonly string[] = readdirSync(join(checkout, 'packages')).toSorted()

/** A file of the checkout as text. */
export function readText(path: string): string {
  return readFileSync(join(checkout, path), 'utf8')
}

/** What the tests look at in a package.json. */
export interface PackageJson {
  readonly name: string
  readonly version: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

/** The package.json of a folder of packages/. */
export function readPackageJson(folder: string): PackageJson {
  // Our own file: npm and the package gates check its shape.
  return JSON.parse(readText(`packages/${folder}/package.json`)) as PackageJson
}

/** Files below a folder of the checkout, relative to it; outputs and dependencies left out. */
export function listFiles(folder: string): readonly string[] {
  return readdirSync(join(checkout, folder), { withFileTypes: true }).flatMap((entry) => {
    if (['node_modules', 'dist', 'dist-test', 'build'].includes(entry.name)) return []
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return listFiles(path)
    return [path]
  })
}
