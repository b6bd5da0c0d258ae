import { expect } from 'chai'
import { parseDebianOptions, parseDebianReference } from '../../dist/debian/debian-options.js'

describe('parseDebianOptions', () => {
  it('has defaults for everything', () => {
    const options = parseDebianOptions({})
    expect(options.packages).to.include.members(['bash', 'coreutils', 'libc-bin'])
    expect(options).to.include({
      suite: undefined,
      mirror: undefined,
      checkDates: true,
      maxAgeMs: 86_400_000,
    })
  })

  it('sorts packages and takes each once, so that equal wishes are equal', () => {
    const { packages } = parseDebianOptions({ packages: ['gcc', 'bash', 'gcc'] })
    expect(packages).to.deep.equal(['bash', 'gcc'])
  })

  it('takes slashes off the end of a mirror', () => {
    expect(parseDebianOptions({ mirror: 'http://127.0.0.1:80/x//' }).mirror).to.equal(
      'http://127.0.0.1/x',
    )
  })

  const bad: readonly (readonly [string, unknown])[] = [
    ['packages', []],
    ['packages', 'gcc'],
    ['packages[1]', ['gcc', '--yes']],
    ['packages[0]', ['']],
    ['suite', '../x'],
    ['suite', 5],
    ['mirror', 'ftp://127.0.0.1'],
    ['mirror', 'nonsense'],
    ['architecture', 'x/y'],
    ['keyring', 'relative'],
    ['checkDates', 'no'],
    ['maxAge', 'long'],
    ['maxAge', -1],
    ['sweet', 'x'],
  ]
  for (const [field, value] of bad) {
    it(`refuses ${field}: ${JSON.stringify(value)}`, () => {
      const name = field.replace(/\[.*/, '')
      expect(() => parseDebianOptions({ [name]: value }))
        .to.throw(Error)
        .with.property('field', field)
    })
  }
})

function parse(text: string): readonly (string | undefined)[] {
  const { suite, packages } = parseDebianReference(text, { suite: 'a', packages: ['x1'] })
  return [suite, packages.join(' ')]
}

describe('parseDebianReference', () => {
  it('takes a release, packages, both or none', () => {
    expect(parse('')).to.deep.equal(['a', 'x1'])
    expect(parse('trixie')).to.deep.equal(['trixie', 'x1'])
    expect(parse('?packages=g++,libc6-dev')).to.deep.equal(['a', 'g++ libc6-dev'])
    expect(parse('sid?packages=gcc')).to.deep.equal(['sid', 'gcc'])
  })

  for (const text of ['x?y=z', 'x?packages=a?packages=b', '?', '?packages=']) {
    it(`refuses debian:${text}`, () => {
      expect(() => parseDebianReference(text, {})).to.throw(TypeError)
    })
  }
})
