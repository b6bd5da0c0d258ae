import { expect } from 'chai'
import {
  mmdebstrapOptions,
  type MmdebstrapOptions,
} from '../../dist/mmdebstrap/mmdebstrap-options.js'
import { thrown } from '../support/thrown.js'

describe('mmdebstrapOptions', () => {
  it('takes release, variant and packages, and what the options say for the rest', () => {
    const request = mmdebstrapOptions.reference('bookworm?variant=extract&packages=two,one', {
      maxAge: '1h',
    })
    expect(request).to.deep.include({ suite: 'bookworm', variant: 'extract', maxAgeMs: 3_600_000 })
    expect(request.packages).to.deep.equal(['one', 'two'])
    expect(mmdebstrapOptions.reference('', {})).to.deep.include({
      variant: 'minbase',
      packages: [],
    })
  })

  for (const reference of [
    'x?y=z',
    'x?packages=a&packages=b',
    'x?variant=all',
    'x?variant=extract',
    'x?a?b',
    '../x',
    'x?packages=--hook',
  ])
    it(`refuses ${reference}`, () => {
      expect(thrown(() => mmdebstrapOptions.reference(reference, {})).code).to.equal(
        'ERR_INVALID_SPEC',
      )
    })

  const bad: readonly (readonly [string, unknown])[] = [
    ['variant', 'all'],
    ['packages', []],
    ['mirror', 'http://127.0.0.1/[trusted=yes]'],
    ['setupHook', 'id'],
  ]
  for (const [field, value] of bad)
    it(`refuses ${field}: ${JSON.stringify(value)}`, () => {
      // what callers without types may pass
      const options = { [field]: value } as MmdebstrapOptions
      expect(thrown(() => mmdebstrapOptions.options(options)).field).to.equal(field)
    })
})
