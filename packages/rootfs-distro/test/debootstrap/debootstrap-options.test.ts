import { expect } from 'chai'
import {
  parseDebootstrapOptions,
  parseDebootstrapReference,
  type DebootstrapOptions,
} from '../../dist/debootstrap/debootstrap-options.js'
import { thrown } from '../support/thrown.js'

describe('parseDebootstrapReference', () => {
  it('takes release, variant and packages, and what the options say for the rest', () => {
    const request = parseDebootstrapReference('bookworm?variant=buildd&packages=two,one', {
      maxAge: '1h',
    })
    expect(request).to.deep.include({ suite: 'bookworm', variant: 'buildd', maxAgeMs: 3_600_000 })
    expect(request.packages).to.deep.equal(['one', 'two'])
    expect(parseDebootstrapReference('', {})).to.deep.include({ variant: 'minbase', packages: [] })
  })

  for (const reference of ['x?y=z', 'x?variant=fakechroot', 'x?packages=--foreign', '../x'])
    it(`refuses ${reference}, as a fault of \`from\``, () => {
      const error = thrown(() => parseDebootstrapReference(reference, {}))
      expect(error).to.include({ code: 'ERR_INVALID_SPEC', field: 'from' })
    })

  it('blames the option where that is at fault', () => {
    // what callers without types may pass
    const options = { variant: 'all' } as unknown as DebootstrapOptions
    expect(thrown(() => parseDebootstrapReference('x', options)).field).to.equal('variant')
    expect(thrown(() => parseDebootstrapOptions(options)).field).to.equal('variant')
  })
})
