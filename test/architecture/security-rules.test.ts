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

interface Mutation {
  readonly rule: string
  readonly file: string
  readonly from: string
  readonly spec: string
}

// Our own file, which scripts/prove-rules.mjs reads.
const mutations = JSON.parse(readText('test/security/mutations.json')) as readonly Mutation[]

/** The source that a compiled test comes from. */
function sourceOf(spec: string): string {
  return spec.replace(/(?<=test)\/dist|dist-(?=test)/, '').replace(/\.js$/, '.ts')
}

describe('the code that is taken out to prove the rules', () => {
  for (const { rule, file, from, spec } of mutations) {
    it(`is there once, and so is its test: ${rule}, ${file}`, () => {
      expect(rules.map(({ id }) => id)).to.include(rule.split(',')[0])
      expect(readText(file).split(from)).to.have.length(2)
      expect(existsSync(join(checkout, sourceOf(spec))), sourceOf(spec)).to.equal(true)
    })
  }
})

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
