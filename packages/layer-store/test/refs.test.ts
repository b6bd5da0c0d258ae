import { expect } from 'chai'
import { codeOf, makeStore, oneFile } from './store-fixture.js'

describe('refs', () => {
  it('take every name of the form that a file can have, and refuse the others by name', async () => {
    await using fixture = await makeStore()
    const { layers, refs } = fixture.store
    const { id } = await layers.publish({ recipe: 'a', fill: oneFile('a', '1') })
    const root = { kind: 'layer', id } as const
    for (const name of ['a', 'a'.repeat(128), `a${'/b'.repeat(58)}`]) {
      await refs.set(name, root)
      expect(refs.get(name)).to.deep.equal(root)
    }
    expect(refs.list()).to.have.length(3)
    for (const name of [
      '',
      '.a',
      '../a',
      'a b',
      'a\0',
      'a\n',
      'a'.repeat(129),
      `a${':'.repeat(127)}`,
    ])
      expect(await codeOf(refs.set(name, root)), name).to.equal('ERR_INVALID_SPEC')
    expect(refs.list()).to.have.length(3)
  })
})
