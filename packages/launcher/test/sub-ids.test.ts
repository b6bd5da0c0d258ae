import { expect } from 'chai'
import { parseIdDatabase, parseSubIds } from '../dist/sub-ids.js'

describe('parseSubIds', () => {
  it('leaves out what newuidmap would not take', () => {
    const text =
      '# comment\nann:100000:65536\nbad\nneg:-1:5\nann:x:5\nbig:4294967290:10\nnone:5:0\n:1:2\n42:7:9'
    expect(parseSubIds(text)).to.deep.equal([
      { owner: 'ann', start: 100_000, count: 65_536 },
      { owner: '42', start: 7, count: 9 },
    ])
  })
})

describe('parseIdDatabase', () => {
  it('reads ids of passwd and group lines', () => {
    const ids = parseIdDatabase('root:x:0:0:root:/root:/bin/sh\n\n+nis\nann:x:1000:50::/:\n')
    expect([...ids]).to.deep.equal([
      ['root', 0],
      ['ann', 1000],
    ])
  })
})
