import { expect } from 'chai'
import { readFileSync } from 'node:fs'
import { isWithin, parseMountInfo } from '../dist/mount-info.js'

describe('parseMountInfo', () => {
  it('reads path and type whatever the number of optional fields', () => {
    const text = [
      '22 27 0:21 / /proc rw,relatime - proc proc rw',
      '36 35 98:0 /m /mnt/a rw shared:1 master:2 propagate_from:3 - ext3 /dev/root rw',
      '',
    ].join('\n')
    expect(parseMountInfo(text)).to.deep.equal([
      { path: '/proc', type: 'proc' },
      { path: '/mnt/a', type: 'ext3' },
    ])
  })

  it('undoes the escapes of space, tab, newline and backslash', () => {
    const line = String.raw`1 2 8:1 / /a\040b\011c\012d\134e rw - ext4 /dev/sda rw`
    expect(parseMountInfo(line)[0]?.path).to.equal('/a b\tc\nd\\e')
  })

  it('leaves out lines that are none', () => {
    expect(parseMountInfo('nonsense\n1 2 3\n - \n')).to.deep.equal([])
  })

  it('reads the table of this host', () => {
    const mounts = parseMountInfo(readFileSync('/proc/self/mountinfo', 'utf8'))
    expect(mounts.map((mount) => mount.path)).to.include.members(['/', '/proc'])
  })
})

describe('isWithin', () => {
  it('knows a directory from a name that only begins like it', () => {
    expect(isWithin('/usr/lib', '/usr')).to.equal(true)
    expect(isWithin('/usr', '/usr')).to.equal(true)
    expect(isWithin('/usrlocal', '/usr')).to.equal(false)
    expect(isWithin('/anything', '/')).to.equal(true)
  })
})
