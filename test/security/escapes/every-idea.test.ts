import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { escapes } from '@caisson/core'
import { checkout } from '../../architecture/checkout.js'

const folder = join(checkout, 'test/security/escapes')

describe('ideas of escapes', () => {
  it('are all tried: each has a file with its name', () => {
    const tried = readdirSync(folder)
      .map((name) => readFileSync(join(folder, name), 'utf8'))
      .flatMap((text) => [...text.matchAll(/idea(?:: Escape =|:) '([a-z-]+)'/g)])
      .map(([, name]) => name)
    expect([...new Set(tried)]).to.include.members(Object.keys(escapes))
  })

  it('each say in a header what they are about', () => {
    for (const name of readdirSync(folder)) {
      if (name === 'every-idea.test.ts') continue
      expect(readFileSync(join(folder, name), 'utf8'), name).to.match(/^\/\/ .{30}/)
    }
  })
})
