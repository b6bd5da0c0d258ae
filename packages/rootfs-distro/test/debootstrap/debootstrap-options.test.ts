import { expect } from 'chai'
import {
  debootstrapOptions,
  type DebootstrapOptions,
} from '../../dist/debootstrap/debootstrap-options.js'
import { thrown } from '../support/thrown.js'

describe('debootstrapOptions', () => {
  it('takes release, variant and packages, and what the options say for the rest', () => {
    const request = debootstrapOptions.reference('bookworm?variant=buildd&packages=two,one', {
      maxAge: '1h',
    })
    expect(request).to.deep.include({ suite: 'bookworm', variant: 'buildd', maxAgeMs: 3_600_000 })
    expect(request.packages).to.deep.equal(['one', 'two'])
    expect(debootstrapOptions.reference('', {})).to.deep.include({
      variant: 'minbase',
      packages: [],
    })
  })

  for (const reference of ['x?y=z', 'x?variant=fakechroot', 'x?packages=--foreign', '../x'])
    it(`refuses ${reference}, as a fault of \`from\``, () => {
      const error = thrown(() => debootstrapOptions.reference(reference, {}))
      expect(error).to.include({ code: 'ERR_INVALID_SPEC', field: 'from' })
    })

  it('blames the option where that is at fault', () => {
    // what callers without types may pass
    const options = { variant: 'all' } as unknown as DebootstrapOptions
    expect(thrown(() => debootstrapOptions.reference('x', options)).field).to.equal('variant')
    expect(thrown(() => debootstrapOptions.options(options)).field).to.equal('variant')
  })
})
