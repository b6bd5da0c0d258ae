import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { checkout, listFiles, packageFolders, readPackageJson, readText } from './checkout.js'

const documents = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  ...listFiles('docs').filter((path) => path.endsWith('.md')),
  ...listFiles('packages').filter((path) => path.endsWith('.md')),
]

describe('documents', () => {
  for (const path of documents) {
    it(`${path} links only to files that are there`, () => {
      const links = [...readText(path).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)/g)]
      const missing = links
        .map(([, target = '']) => target)
        .filter((target) => !existsSync(join(checkout, dirname(path), target)))
      expect(missing).to.deep.equal([])
    })
  }

  it('have no marks of a merge in them', () => {
    // the last as the formatter writes it
    const marked = documents.filter((path) => /^(<{7} |={7}$|>{7} |(> ){6}>)/m.test(readText(path)))
    expect(marked).to.deep.equal([])
  })

  for (const [path, program] of [
    ['README.md', 'examples/ten-lines.ts'],
    ['docs/drivers.md', 'examples/layers-rootfs.ts'],
  ] as const) {
    it(`${path} shows ${program} as it is`, () => {
      const block = /```ts\n([\s\S]*?)```/.exec(readText(path))?.[1]
      expect(block).to.equal(readText(program))
    })
  }

  it('CHANGELOG.md speaks of the version that the packages have', () => {
    for (const folder of packageFolders) {
      expect(readText('CHANGELOG.md')).to.include(`## ${readPackageJson(folder).version}`)
    }
  })

  for (const path of ['README.md', 'CONTRIBUTING.md']) {
    it(`${path} names only npm scripts that exist`, () => {
      // Our own file: npm reads it too.
      const { scripts } = JSON.parse(readText('package.json')) as {
        scripts: Record<string, string>
      }
      const named = [...readText(path).matchAll(/(?:`|^)npm (?:run )?([a-z-]+)/gm)].map(
        ([, name = '']) => name,
      )
      const known = [...Object.keys(scripts), 'run', 'i', 'install']
      expect(known).to.include.members(named)
    })
  }
})
