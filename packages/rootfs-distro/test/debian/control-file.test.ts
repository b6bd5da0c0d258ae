import { expect } from 'chai'
import { parseControl } from '../../dist/debian/control-file.js'

describe('parseControl', () => {
  it('reads paragraphs, fields in any case, continuation lines and comments', () => {
    const text =
      '# about\nPackage: a\nDescription: short\n long\n .\n  kept\n\n\nPACKAGE:b\n# c\nX:\n'
    const [a, b, ...more] = parseControl(text)
    expect(Object.fromEntries(a ?? [])).to.deep.equal({
      package: 'a',
      description: 'short\nlong\n\n kept',
    })
    expect(Object.fromEntries(b ?? [])).to.deep.equal({ package: 'b', x: '' })
    expect(more).to.deep.equal([])
  })

  it('finds nothing in what is no control file', () => {
    expect(parseControl('')).to.deep.equal([])
    expect(parseControl('no colon here\n : x\n')).to.deep.equal([])
  })
})
