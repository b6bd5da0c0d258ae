import { expect } from 'chai'
import { closeDependencies } from '../../dist/debian/close-dependencies.js'
import { PackageIndex } from '../../dist/debian/package-index.js'
import { thrown } from '../support/thrown.js'

interface Fields {
  readonly [name: string]: string
}

function paragraph(name: string, fields: Fields = {}): string {
  const all: Fields = {
    Package: name,
    Version: '1.0-1',
    Architecture: 'amd64',
    Filename: `pool/main/${name[0]}/${name}_1_amd64.deb`,
    Size: '100',
    SHA256: 'ab'.repeat(32),
    Description: 'x\n long text with Package: inside\n .\n more',
    ...fields,
  }
  return Object.entries(all)
    .map(([key, value]) => `${key}: ${value}`)
    .join('\n')
}

function indexOf(...paragraphs: readonly string[]): PackageIndex {
  const index = new PackageIndex()
  index.add(`${paragraphs.join('\n\n')}\n\n`, 'http://127.0.0.1/debian')
  return index
}

function names(index: PackageIndex, ...wanted: readonly string[]): readonly string[] {
  return closeDependencies(index, wanted).map((one) => one.name)
}

describe('closeDependencies', () => {
  it('takes what Depends and Pre-Depends name, and what those need, each once', () => {
    const index = indexOf(
      paragraph('app', { Depends: 'lib (>= 1.0), util', 'Pre-Depends': 'first' }),
      paragraph('lib', { Depends: 'first, app' }),
      paragraph('util', { Recommends: 'extra', Suggests: 'extra' }),
      paragraph('first'),
      paragraph('extra'),
    )
    expect(names(index, 'app')).to.deep.equal(['app', 'first', 'lib', 'util'])
  })

  it('prefers an alternative that is chosen already, then the first there is', () => {
    const index = indexOf(
      paragraph('app', { Depends: 'gone | second | third' }),
      paragraph('second'),
      paragraph('third'),
    )
    expect(names(index, 'app')).to.deep.equal(['app', 'second'])
    expect(names(index, 'third', 'app')).to.deep.equal(['app', 'third'])
  })

  it('takes the package that says that /usr is merged, not the one that merges it', () => {
    const index = indexOf(
      paragraph('app', { Depends: 'usrmerge | usr-is-merged' }),
      paragraph('usrmerge'),
      paragraph('usr-is-merged'),
    )
    expect(names(index, 'app')).to.deep.equal(['app', 'usr-is-merged'])
  })

  it('passes over an alternative whose version is out of bounds', () => {
    const index = indexOf(
      paragraph('app', { Depends: 'old (>> 1.0-1) | new (= 1.0-1)' }),
      paragraph('old'),
      paragraph('new'),
    )
    expect(names(index, 'app')).to.deep.equal(['app', 'new'])
  })

  it('finds providers of virtual packages: by priority, then by name', () => {
    const index = indexOf(
      paragraph('app', { Depends: 'awk' }),
      paragraph('gawk', { Provides: 'awk', Priority: 'optional' }),
      paragraph('mawk', { Provides: 'awk', Priority: 'required' }),
    )
    expect(names(index, 'app')).to.deep.equal(['app', 'mawk'])
    expect(names(index, 'gawk', 'app')).to.deep.equal(['app', 'gawk'])
    expect(names(index, 'awk')).to.deep.equal(['mawk'])
  })

  it('takes a provider for a bounded dependency only if it provides that version', () => {
    const wanting = paragraph('app', { Depends: 'api (>= 2)' })
    const plain = indexOf(wanting, paragraph('impl', { Provides: 'api' }))
    expect(thrown(() => names(plain, 'app')).code).to.equal('ERR_DEPENDENCY_UNSATISFIED')
    const versioned = indexOf(wanting, paragraph('impl', { Provides: 'other, api (= 2.1)' }))
    expect(names(versioned, 'app')).to.deep.equal(['app', 'impl'])
  })

  it('keeps the newest of several versions', () => {
    const index = indexOf(paragraph('lib', { Version: '1.0-2' }))
    index.add(paragraph('lib', { Version: '1.0-10', Size: '7' }), 'http://127.0.0.1/security')
    index.add(paragraph('lib', { Version: '1.0-9' }), 'http://127.0.0.1/other')
    expect(index.get('lib')).to.include({
      version: '1.0-10',
      mirror: 'http://127.0.0.1/security',
      size: 7,
    })
  })

  it('names the package that was probably meant when there is none of a name', () => {
    const error = thrown(() =>
      names(indexOf(paragraph('libc6-dev'), paragraph('gcc')), 'libc6-dve'),
    )
    expect(error.code).to.equal('ERR_PACKAGE_NOT_FOUND')
    expect(error.message).to.include('did you mean `libc6-dev`?')
  })

  it('names the chain that leads to a package that is not there', () => {
    const index = indexOf(
      paragraph('app', { Depends: 'lib' }),
      paragraph('lib', { Depends: 'missing (>= 3) | other' }),
    )
    const error = thrown(() => names(index, 'app'))
    expect(error.code).to.equal('ERR_DEPENDENCY_UNSATISFIED')
    expect(error.message).to.include('app -> lib needs missing (>= 3) | other')
  })

  for (const [what, fields] of Object.entries({
    'a path that leads out of the mirror': { Filename: '../../etc/passwd' },
    'an absolute path': { Filename: '/etc/passwd' },
    'no usable digest': { SHA256: 'AB' },
    'no usable size': { Size: '-1' },
    'a dependency that is not understood': { Depends: 'lib (~> 2)' },
  })) {
    it(`does not have a package with ${what}`, () => {
      expect(indexOf(paragraph('app', fields), paragraph('lib')).get('app')).to.equal(undefined)
    })
  }
})
