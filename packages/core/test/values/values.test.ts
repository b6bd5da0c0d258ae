import { expect } from 'chai'
import {
  describeType,
  parseBytes,
  parseDuration,
  parseInteger,
  parseNumber,
  parseText,
} from '@caisson/core'
import { thrown } from '../support/thrown.js'

describe('parseBytes', () => {
  it('takes numbers and units', () => {
    const table: readonly (readonly [unknown, number])[] = [
      [0, 0],
      [4096, 4096],
      ['7B', 7],
      ['64MiB', 64 * 1024 ** 2],
      ['1.5KiB', 1536],
      ['0.0001KiB', 0],
      ['2GiB', 2 * 1024 ** 3],
      ['1TiB', 1024 ** 4],
      ['3kB', 3000],
      ['3MB', 3_000_000],
      ['1GB', 1e9],
    ]
    for (const [value, bytes] of table)
      expect(parseBytes(value, 'x'), String(value)).to.equal(bytes)
  })

  it('refuses everything else as a TypeError that names the field', async () => {
    for (const value of [
      '',
      '64',
      '64mib',
      '64 MiB',
      '-1MiB',
      '1e3KiB',
      '0x10B',
      ' 1B',
      'MiB',
      '1constructor',
      null,
      undefined,
      [],
      {},
      true,
    ]) {
      const error = await thrown(() =>
        parseBytes(value, 'limits.memory', { code: 'ERR_LIMIT_RANGE' }),
      )
      expect(error, describeType(value)).to.be.instanceOf(TypeError)
      expect(error).to.include({ code: 'ERR_LIMIT_RANGE', field: 'limits.memory' })
    }
  })

  it('takes a bigint that a number can hold', async () => {
    expect(parseBytes(5n, 'size')).to.equal(5)
    expect(await thrown(() => parseBytes(2n ** 53n, 'size'))).to.be.instanceOf(RangeError)
  })

  it('refuses numbers out of range as a RangeError', async () => {
    for (const value of [-1, 1.5, NaN, Infinity, 2 ** 53, '9000000TiB']) {
      const error = await thrown(() => parseBytes(value, 'size'))
      expect(error, String(value)).to.be.instanceOf(RangeError)
      expect(error).to.include({ code: 'ERR_INVALID_SPEC', field: 'size' })
    }
    expect((await thrown(() => parseBytes(5, 'size', { min: 6 }))).message).to.include(
      'less than 6',
    )
    expect((await thrown(() => parseBytes('1KiB', 'size', { max: 6 }))).message).to.include(
      'more than 6',
    )
  })

  it('does not repeat a long value', async () => {
    expect((await thrown(() => parseBytes('x'.repeat(1e6), 'size'))).message.length).to.be.lessThan(
      200,
    )
  })
})

describe('parseDuration', () => {
  it('takes milliseconds and units', () => {
    const table: readonly (readonly [unknown, number])[] = [
      [5, 5],
      [1.5, 1.5],
      ['250ms', 250],
      ['1.5s', 1500],
      ['2m', 120_000],
      ['1h', 3_600_000],
    ]
    for (const [value, ms] of table) expect(parseDuration(value, 'x'), String(value)).to.equal(ms)
  })

  it('refuses other units and signs', async () => {
    for (const value of ['1', '1S', '1min', '-1s', '1d']) {
      expect(await thrown(() => parseDuration(value, 'timeout'))).to.include({ field: 'timeout' })
    }
  })
})

describe('parseNumber and parseInteger', () => {
  it('take numbers and convert nothing', async () => {
    expect(parseNumber(1.5, 'cpu')).to.equal(1.5)
    expect(await thrown(() => parseNumber('1', 'cpu'))).to.be.instanceOf(TypeError)
    expect(await thrown(() => parseInteger(1.5, 'pids'))).to.be.instanceOf(RangeError)
    expect(await thrown(() => parseInteger(NaN, 'pids'))).to.be.instanceOf(RangeError)
  })
})

describe('parseText', () => {
  it('refuses NUL, emptiness and length by bytes, not by characters', async () => {
    expect(parseText('ä', 'x', { maxBytes: 2 })).to.equal('ä')
    expect((await thrown(() => parseText('ää', 'x', { maxBytes: 3 }))).message).to.include(
      '3 bytes',
    )
    expect((await thrown(() => parseText('a\0b', 'x'))).message).to.include('NUL')
    expect((await thrown(() => parseText('', 'x'))).message).to.include('empty')
    expect(parseText('', 'x', { empty: true })).to.equal('')
    expect(await thrown(() => parseText(5, 'x'))).to.be.instanceOf(TypeError)
  })

  it('never repeats a value, which may be a secret', async () => {
    expect((await thrown(() => parseText('hush\0', 'env.TOKEN'))).message).to.not.include('hush')
  })
})
