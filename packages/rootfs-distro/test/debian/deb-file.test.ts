import { expect } from 'chai'
import { readDeb } from '../../dist/debian/deb-file.js'
import { thrown } from '../support/thrown.js'

function member(name: string, content: string, size = String(content.length)): string {
  const header =
    name.padEnd(16) + '0'.padEnd(12) + '0'.padEnd(6) + '0'.padEnd(6) + '100644'.padEnd(8)
  return `${header}${size.padEnd(10)}\`\n${content}${content.length % 2 === 1 ? '\n' : ''}`
}

const good = [
  member('debian-binary', '2.0\n'),
  member('control.tar.xz', 'odd'),
  member('data.tar.zst', 'data'),
]
const archive = (...members: readonly string[]): Buffer =>
  Buffer.from(`!<arch>\n${members.join('')}`, 'latin1')

describe('readDeb', () => {
  it('finds control and data, and how they are compressed', () => {
    const { control, data } = readDeb(archive(...good), 'x.deb')
    expect([control.bytes.toString(), control.compression]).to.deep.equal(['odd', 'xz'])
    expect([data.bytes.toString(), data.compression]).to.deep.equal(['data', 'zstd'])
  })

  it('takes names with a slash at the end, as System V writes them', () => {
    const { data } = readDeb(
      archive(
        member('debian-binary/', '2.0\n'),
        member('control.tar/', ''),
        member('data.tar.gz/', 'z'),
      ),
      'x',
    )
    expect(data.compression).to.equal('gzip')
  })

  const bad: Readonly<Record<string, Buffer>> = {
    'that is empty': Buffer.alloc(0),
    'that is no archive': Buffer.from('!<arch>x'),
    'of another version': archive(member('debian-binary', '3.0\n'), ...good.slice(1)),
    'without data': archive(...good.slice(0, 2)),
    'with data in an unknown compression': archive(
      ...good.slice(0, 2),
      member('data.tar.lzma', 'x'),
    ),
    'that is cut in a member': archive(...good).subarray(0, -2),
    'that is cut in a header': archive(...good, member('x', '')).subarray(0, -10),
    'with a size that is no number': archive(good[0] ?? '', member('control.tar', 'x', '-1')),
    'with a size beyond its end': archive(good[0] ?? '', member('control.tar', 'x', '999999999')),
  }
  for (const [what, bytes] of Object.entries(bad)) {
    it(`refuses a package ${what}`, () => {
      expect(thrown(() => readDeb(bytes, 'x.deb')).code).to.equal('ERR_ARCHIVE_CORRUPT')
    })
  }
})
