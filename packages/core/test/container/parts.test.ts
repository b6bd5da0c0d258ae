import { expect } from 'chai'
import { HeadTail } from '../../dist/container/head-tail.js'
import { newId } from '../../dist/container/new-id.js'
import { templateArgv, type TemplateValue } from '../../dist/container/template-argv.js'
import { UndoStack } from '../../dist/container/undo-stack.js'
import { thrown } from '../support/thrown.js'

describe('HeadTail', () => {
  it('keeps the first and the last bytes, however they come', () => {
    const text = 'abcdefghijklmnopqrstuvwxyz'
    for (let max = 0; max <= 30; max++) {
      for (const size of [1, 2, 3, 5, 7, 26]) {
        const kept = new HeadTail(max)
        for (let i = 0; i < text.length; i += size) kept.push(Buffer.from(text.slice(i, i + size)))
        const head = Math.ceil(max / 2)
        const wanted =
          max >= text.length ? text : text.slice(0, head) + text.slice(text.length - (max - head))
        expect(Buffer.from(kept.bytes()).toString(), `${max} in ${size}s`).to.equal(wanted)
        expect([kept.total, kept.truncated]).to.deep.equal([26, max < 26])
      }
    }
  })

  it('holds no more than its bound and one chunk, whatever passes', () => {
    const kept = new HeadTail(1024)
    const chunk = Buffer.alloc(1000)
    for (let i = 0; i < 10_000; i++) kept.push(chunk)
    expect(kept.bytes().length).to.equal(1024)
    expect(kept.total).to.equal(10_000_000)
  })
})

describe('newId', () => {
  it('is 128 bits in hexadecimal and never the same', () => {
    const ids = Array.from({ length: 5000 }, newId)
    expect(new Set(ids).size).to.equal(5000)
    for (const id of ids) expect(id).to.match(/^[0-9a-f]{32}$/)
  })
})

describe('UndoStack', () => {
  it('undoes once, last first, and collects what fails', async () => {
    const log: string[] = []
    const undo = new UndoStack()
    undo.push(async () => void log.push('first'))
    undo.push(async () => {
      throw new Error('second')
    })
    undo.push(async () => void log.push('third'))
    const failures = await undo.run()
    expect(log).to.deep.equal(['third', 'first'])
    expect(failures.map(String)).to.deep.equal(['Error: second'])
    expect(await undo.run()).to.deep.equal([])
  })
})

function argv(
  strings: TemplateStringsArray,
  ...values: readonly TemplateValue[]
): readonly string[] {
  return templateArgv(strings.raw, values)
}

describe('templateArgv', () => {
  it('splits literal text as a shell does', () => {
    expect(argv`  make  -j 4	"a b"'c d' e\ f ""  `).to.deep.equal([
      'make',
      '-j',
      '4',
      'a bc d',
      'e f',
      '',
    ])
    expect(argv`echo "it's \"so\"" 'a\b'`).to.deep.equal(['echo', 'it\'s "so"', 'a\\b'])
  })

  it('never splits or reads a value', () => {
    const evil = `'; rm -rf / #"\\ \n$(x)`
    expect(argv`echo ${evil}`).to.deep.equal(['echo', evil])
    expect(argv`echo a${evil}b "${evil}" --x=${5}`).to.deep.equal([
      'echo',
      `a${evil}b`,
      evil,
      '--x=5',
    ])
    expect(argv`echo ${''}`).to.deep.equal(['echo', ''])
  })

  it('makes several arguments of an array, and none of an empty one', () => {
    expect(argv`ls ${['-l', 'a b', 3]} ${[]} /`).to.deep.equal(['ls', '-l', 'a b', '3', '/'])
  })

  it('refuses what only a shell would understand, and half quotes', async () => {
    const bad: readonly (() => unknown)[] = [
      () => argv`a | b`,
      () => argv`a > b`,
      () => argv`a && b`,
      () => argv`a; b`,
      () => argv`echo $HOME`,
      () => argv`ls *.c`,
      () => argv`echo "a`,
      () => templateArgv(['echo a\\'], []),
      () => argv`a${['b']}`,
      () => argv`${['b']}c`,
      () => argv`"${['b']}"`,
      () => templateArgv(['echo ', ''], [{} as TemplateValue]),
      () => templateArgv(['echo ', ''], [[undefined] as unknown as TemplateValue]),
    ]
    for (const [index, action] of bad.entries()) {
      expect((await thrown(action)).code, String(index)).to.equal('ERR_INVALID_SPEC')
    }
    expect(argv`echo "a | b" '*' \$x`).to.deep.equal(['echo', 'a | b', '*', '$x'])
  })
})
