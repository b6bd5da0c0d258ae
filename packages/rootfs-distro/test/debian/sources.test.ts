import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { hostSources, parseListFile, parseSourcesFile } from '../../dist/debian/apt-sources.js'
import { hostRelease, releaseSources } from '../../dist/debian/release-sources.js'

const deb822 = `Types: deb deb-src
# a comment
URIs: http://127.0.0.1/debian/
Suites: bookworm bookworm-updates
Components: main contrib

Types: deb
URIs: http://127.0.0.1/security
Suites: bookworm-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb-src
URIs: http://127.0.0.1/sources
Suites: bookworm
Components: main

Enabled: no
Types: deb
URIs: http://127.0.0.1/off
Suites: bookworm
Components: main
`

describe('sources of apt', () => {
  it('are read in the deb822 style', () => {
    const found = parseSourcesFile(deb822)
    expect(found.map(({ mirror, suite }) => `${mirror} ${suite}`)).to.deep.equal([
      'http://127.0.0.1/debian bookworm',
      'http://127.0.0.1/debian bookworm-updates',
      'http://127.0.0.1/security bookworm-security',
    ])
  })

  it('are read in the style of one line each', () => {
    const text = `# deb http://127.0.0.1/no x main
deb [arch=amd64 signed-by=/k.gpg] https://127.0.0.1/a/ trixie main contrib # why
deb-src http://127.0.0.1/b trixie main
deb file:/srv/mirror trixie main
deb http://127.0.0.1/flat ./
`
    expect(parseListFile(text)).to.deep.equal([
      { mirror: 'https://127.0.0.1/a', suite: 'trixie', components: ['main', 'contrib'] },
    ])
  })

  it('are none where there is no apt', async () => {
    expect(await hostSources('/nonexistent')).to.deep.equal([])
  })

  it('come from all files that apt reads, and from no other', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'caisson-apt-'))
    try {
      mkdirSync(join(directory, 'sources.list.d'))
      writeFileSync(join(directory, 'sources.list'), 'deb http://127.0.0.1/one sid main\n')
      writeFileSync(join(directory, 'sources.list.d/a.sources'), deb822)
      writeFileSync(join(directory, 'sources.list.d/b.list'), 'deb http://127.0.0.1/two sid main\n')
      writeFileSync(
        join(directory, 'sources.list.d/c.list.off'),
        'deb http://127.0.0.1/x sid main\n',
      )
      const found = await hostSources(directory)
      expect(found.map(({ mirror }) => mirror.slice(16))).to.deep.equal([
        '/one',
        '/debian',
        '/debian',
        '/security',
        '/two',
      ])
    } finally {
      rmSync(directory, { recursive: true })
    }
  })
})

describe('sources of a release', () => {
  const host = [
    ...parseSourcesFile(deb822),
    { mirror: 'http://127.0.0.1/other', suite: 'stable', components: ['vendor'] },
  ]

  it('are those of the host for its own release', () => {
    expect(hostRelease(host)).to.equal('bookworm')
    expect(releaseSources(host, 'bookworm').map(({ suite }) => suite)).to.deep.equal([
      'bookworm',
      'bookworm-updates',
      'bookworm-security',
    ])
  })

  it('are the same mirrors for another release, and none of third parties', () => {
    const found = releaseSources(host, 'trixie')
    expect(found.map(({ mirror, suite }) => `${mirror} ${suite}`)).to.deep.equal([
      'http://127.0.0.1/debian trixie',
      'http://127.0.0.1/debian trixie-updates',
      'http://127.0.0.1/security trixie-security',
    ])
  })

  it('are none without any source', () => {
    expect(releaseSources([], 'trixie')).to.deep.equal([])
  })
})
