import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
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
  it('that cannot be read hide no other, and keep a collection from taking what they may stand for', async () => {
    await using fixture = await makeStore()
    const { layers, refs } = fixture.store
    const { id } = await layers.publish({ recipe: 'a', fill: oneFile('a', '1') })
    const root = { kind: 'layer', id } as const
    await refs.set('good', root)
    for (const text of [
      '',
      '{"kind":"layer","id":"sha256:',
      '{"kind":"layer","id":"../.."}',
      'null',
    ]) {
      await refs.set('bad', root)
      writeFileSync(join(fixture.directory, 'refs', 'bad.json'), text)
      expect(refs.list().map(({ name }) => name)).to.deep.equal(['good'])
      expect(() => refs.get('bad')).to.throw(/stand for cannot be read: bad/)
      expect(await codeOf(fixture.store.collect())).to.equal('ERR_STORE_DAMAGED')
      expect(layers.get(id)?.id).to.equal(id)
    }
    await refs.set('bad', root)
    const stray = join(fixture.directory, 'refs', '%zz no name.json')
    writeFileSync(stray, '{}')
    expect(refs.list()).to.have.length(2)
    const refused: unknown = await fixture.store.collect().catch((error: unknown) => error)
    expect(String(refused)).to.include('%zz no name.json')
    rmSync(stray)
    writeFileSync(join(fixture.directory, 'refs', 'bad.json'), '')
    await refs.delete('bad')
    await refs.delete('good')
    await fixture.store.collect()
    expect(refs.list()).to.deep.equal([])
  })
})
