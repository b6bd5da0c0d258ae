import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { checkout, readText } from './checkout.js'

interface Rule {
  readonly id: string
  readonly rule: string
  readonly where: readonly string[]
  readonly tests: readonly { readonly file: string; readonly title: string }[]
}

function isRules(value: unknown): value is readonly Rule[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'object' && 'tests' in one)
}

const rules: unknown = JSON.parse(readText('test/security/rules.json'))
if (!isRules(rules)) throw new Error('test/security/rules.json holds something else than rules')

describe('the rules of a start', () => {
  it('are forty-three, each once', () => {
    const all = Array.from({ length: 43 }, (_, n) => `L${n + 1}`)
    expect(rules.map(({ id }) => id)).to.deep.equal(all)
  })

  for (const { id, rule, where, tests } of rules) {
    it(`${id} has code and a test that exist: ${rule}`, () => {
      expect(where).not.to.deep.equal([])
      expect(tests).not.to.deep.equal([])
      for (const path of where) expect(existsSync(join(checkout, path)), path).to.equal(true)
      for (const { file, title } of tests) expect(readText(file), file).to.include(title)
    })
  }
})
