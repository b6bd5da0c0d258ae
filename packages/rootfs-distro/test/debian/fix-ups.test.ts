import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import { chooseAlternatives, readAlternatives } from '../../dist/debian/alternatives.js'
import { busyboxApplets } from '../../dist/debian/busybox-applets.js'
import { parseControl } from '../../dist/debian/control-file.js'
import { dpkgStatus, infoName } from '../../dist/debian/dpkg-database.js'
import { PackageIndex } from '../../dist/debian/package-index.js'

const script = `#! /bin/sh
update-alternatives --quiet \\
    --install /usr/bin/cc cc /usr/bin/gcc 20 \\
    #--slave /usr/share/man/man1/cc.1.gz cc.1.gz /usr/share/man/man1/gcc.1.gz
if true; then update-alternatives --install /usr/bin/awk awk /usr/bin/mawk 5 \\
  --slave /usr/bin/nawk nawk /usr/bin/mawk --slave /usr/share/awk awk.1 /usr/share/mawk || true
fi
update-alternatives --install /usr/bin/x x $TARGET 5
update-alternatives --install /usr/bin/../../x x /usr/bin/x 5
update-alternatives --install /usr/bin/y ../y /usr/bin/y 5
update-alternatives --install /usr/bin/z z /usr/bin/z much
update-alternatives --remove cc /usr/bin/gcc
`

describe('readAlternatives', () => {
  it('reads what is written out, over several lines and without comments', () => {
    expect(readAlternatives(script)).to.deep.equal([
      { link: '/usr/bin/cc', name: 'cc', path: '/usr/bin/gcc', priority: 20, slaves: [] },
      {
        link: '/usr/bin/awk',
        name: 'awk',
        path: '/usr/bin/mawk',
        priority: 5,
        slaves: [
          { link: '/usr/bin/nawk', name: 'nawk', path: '/usr/bin/mawk' },
          { link: '/usr/share/awk', name: 'awk.1', path: '/usr/share/mawk' },
        ],
      },
    ])
  })
})

describe('chooseAlternatives', () => {
  it('takes the choice of the highest priority that is there, and its slaves that are there', () => {
    const gawk = script.replaceAll('mawk', 'gawk').replaceAll(' 5 ', ' 10 ')
    const choices = [...readAlternatives(script), ...readAlternatives(gawk)]
    const there = new Set(['/usr/bin/mawk', '/usr/bin/gcc'])
    expect(chooseAlternatives(choices, (path) => there.has(path))).to.deep.equal([
      { path: '/etc/alternatives/cc', target: '/usr/bin/gcc' },
      { path: '/usr/bin/cc', target: '/etc/alternatives/cc' },
      { path: '/etc/alternatives/awk', target: '/usr/bin/mawk' },
      { path: '/usr/bin/awk', target: '/etc/alternatives/awk' },
      { path: '/etc/alternatives/nawk', target: '/usr/bin/mawk' },
      { path: '/usr/bin/nawk', target: '/etc/alternatives/nawk' },
    ])
    there.add('/usr/bin/gawk')
    const links = chooseAlternatives(choices, (path) => there.has(path))
    expect(links.find(({ path }) => path === '/etc/alternatives/awk')?.target).to.equal(
      '/usr/bin/gawk',
    )
  })
})

describe('busyboxApplets', () => {
  it('finds the names that busybox itself lists', function () {
    const path = '/bin/busybox'
    if (!existsSync(path)) {
      console.log('      skipped: no busybox (apt-get install busybox-static)')
      this.skip()
    }
    const listed = execFileSync(path, ['--list'], { encoding: 'utf8' }).trim().split('\n')
    expect(busyboxApplets(readFileSync(path))).to.deep.equal(listed)
  })

  it('stops where names are no longer sorted or plain', () => {
    const table = Buffer.from('xx\0[\0[[\0acpid\0ls\0aa\0zz\0', 'latin1')
    expect(busyboxApplets(table)).to.deep.equal(['[', '[[', 'acpid', 'ls'])
    expect(busyboxApplets(Buffer.from('[\0[[\0a/b\0', 'latin1'))).to.deep.equal(['[', '[['])
    expect(busyboxApplets(Buffer.from('[\0[[\0cut', 'latin1'))).to.deep.equal(['[', '[['])
  })

  it('finds none in what is no busybox', () => {
    expect(busyboxApplets(Buffer.from('nothing'))).to.deep.equal([])
  })
})

describe('dpkgStatus', () => {
  const index = new PackageIndex()
  const text = `Package: lib
Version: 1:2-3
Architecture: amd64
Multi-Arch: same
Filename: pool/lib.deb
Size: 5
SHA256: ${'ab'.repeat(32)}
Description: short
 long text
 .
 - more
`
  index.add(text, 'http://127.0.0.1/debian')
  const lib = index.get('lib')

  it('says of packages that they are unpacked, in a form that reads back', () => {
    const status = dpkgStatus(lib === undefined ? [] : [lib])
    const [fields] = parseControl(status)
    expect(Object.fromEntries(fields ?? [])).to.deep.equal({
      package: 'lib',
      status: 'install ok unpacked',
      version: '1:2-3',
      architecture: 'amd64',
      'multi-arch': 'same',
      description: 'short\nlong text\n\n- more',
    })
    expect(status).to.include('\nDescription: short\n long text\n .\n - more\n')
  })

  it('names files of packages that may be there for several architectures by theirs', () => {
    expect(lib === undefined ? '' : infoName(lib)).to.equal('lib:amd64')
  })
})
