import { expect } from 'chai'
import { parseDnfOptions, parseDnfReference, type DnfOptions } from '../../dist/dnf/dnf-options.js'
import { thrown } from '../support/thrown.js'

const repos = [{ id: 'own', baseurl: 'file:///srv/repo/' }]

describe('options of dnf:', () => {
  it('have defaults, and a reference takes their place', () => {
    expect(parseDnfOptions({ repos })).to.deep.include({ release: '1', packages: [] })
    const request = parseDnfReference('42?packages=b,a,b', { repos, release: '7', packages: ['c'] })
    expect(request).to.deep.include({ release: '42', packages: ['a', 'b'] })
    expect(request.repos[0]?.baseurl).to.equal('file:///srv/repo')
    expect(parseDnfReference('', { repos, packages: ['c'] }).packages).to.deep.equal(['c'])
  })

  const base = 'https://mirror.invalid/repo'
  const bad: readonly (readonly [string, unknown, string])[] = [
    ['no repositories', { repos: [] }, 'repos'],
    ['two of one id', { repos: [...repos, ...repos] }, 'repos'],
    ['an unknown field', { repos, mirror: 'x' }, 'mirror'],
    ['an unknown field of a repository', { repos: [{ ...repos[0], key: 'x' }] }, 'key'],
    [
      'a repository of a network without a key',
      { repos: [{ id: 'a', baseurl: base }] },
      'repos[0].gpgkey',
    ],
    ['a relative key', { repos: [{ id: 'a', baseurl: base, gpgkey: 'k' }] }, 'repos[0].gpgkey'],
    [
      'an id that ends a section',
      { repos: [{ id: 'a]\n[b', baseurl: 'file:///x' }] },
      'repos[0].id',
    ],
    [
      'the id of the main section',
      { repos: [{ id: 'main', baseurl: 'file:///x' }] },
      'repos[0].id',
    ],
    [
      'an address of two lines',
      { repos: [{ id: 'a', baseurl: 'file:///x\ngpgcheck=0' }] },
      'repos[0].baseurl',
    ],
    ['another protocol', { repos: [{ id: 'a', baseurl: 'ftp://x/y' }] }, 'repos[0].baseurl'],
    ['a package that is an option', { repos, packages: ['--nogpgcheck'] }, 'packages[0]'],
    ['a release that is an option', { repos, release: '-x' }, 'release'],
  ]
  for (const [title, options, field] of bad) {
    it(`refuse ${title}`, () => {
      // some have what the types forbid
      const error = thrown(() => parseDnfOptions(options as DnfOptions))
      expect(error.code).to.equal('ERR_INVALID_SPEC')
      expect(error.field).to.equal(field)
    })
  }

  it('refuse a reference that names no package', () => {
    expect(thrown(() => parseDnfReference('42', { repos })).field).to.equal('packages')
    expect(thrown(() => parseDnfReference('42?x=y', { repos, packages: ['a'] })).field).to.equal(
      'from',
    )
  })
})
