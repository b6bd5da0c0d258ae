import { expect } from 'chai'
import { execFileSync } from 'node:child_process'
import { defineTest, skip } from '../dist/test-api.js'
import { collect } from './collect.js'

const define = () =>
  collect((api) => {
    defineTest(api, 'passes', () => Promise.resolve())
    defineTest(api, 'cannot run', async () => skip('the moon is wrong'))
    defineTest(api, 'fails', () => Promise.reject(new Error('broken')))
  })

const fixture = (name: string) => new URL(`../test/${name}`, import.meta.url).pathname

describe('defineTest', () => {
  const before = process.env['CAISSON_MUST_WORK']
  let printed: string[] = []
  const log = console.log

  beforeEach(() => {
    printed = []
    console.log = (text: string) => printed.push(text)
    delete process.env['CAISSON_MUST_WORK']
  })

  afterEach(() => {
    console.log = log
    if (before === undefined) delete process.env['CAISSON_MUST_WORK']
    else process.env['CAISSON_MUST_WORK'] = before
  })

  it('hands a skip to the runner and prints why', async () => {
    const outcomes = await define()
    expect(outcomes.map(({ skipped }) => skipped)).to.deep.equal([
      undefined,
      'the moon is wrong',
      undefined,
    ])
    expect(printed).to.deep.equal(['skipped: cannot run: the moon is wrong'])
  })

  it('lets a failure through as it is', async () => {
    const [passes, , fails] = await define()
    expect(passes?.error).to.equal(undefined)
    expect(fails?.error).to.have.property('message', 'broken')
  })

  it('fails what is skipped where everything must work', async () => {
    process.env['CAISSON_MUST_WORK'] = '1'
    const [, skipped] = await define()
    expect(skipped?.skipped).to.equal(undefined)
    expect(skipped?.error).to.have.property('message').that.includes('the moon is wrong')
  })

  it('counts as skipped in mocha and in node:test', () => {
    const env = { PATH: process.env['PATH'], CAISSON_MUST_WORK: '' }
    const mocha = new URL(import.meta.resolve('mocha/bin/mocha.js')).pathname
    const inMocha = execFileSync(
      process.execPath,
      [mocha, '--no-config', fixture('one-skip.mocha.mjs')],
      { env, encoding: 'utf8' },
    )
    expect(inMocha)
      .to.match(/1 passing/)
      .and.match(/1 pending/)
    const inNode = execFileSync(
      process.execPath,
      ['--test', '--test-reporter=tap', fixture('one-skip.node.mjs')],
      { env, encoding: 'utf8' },
    )
    expect(inNode)
      .to.match(/# pass 1/)
      .and.match(/# skipped 1/)
  })
})
