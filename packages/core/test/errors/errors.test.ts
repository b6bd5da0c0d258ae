import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import {
  CaissonError,
  errnoName,
  errorCodes,
  invalidArgument,
  isCaissonError,
  outOfRange,
  suppress,
} from '@caisson/core'

describe('CaissonError', () => {
  it('says what failed, about what, and why', () => {
    const error = new CaissonError({
      code: 'ERR_LAUNCH',
      what: 'start failed',
      subject: '/proc',
      step: 'proc',
      syscall: 'fsmount',
      errno: 1,
      driver: 'pivotroot',
    })
    expect(error.message).to.equal('start failed: /proc: fsmount failed with EPERM')
    expect(error).to.include({
      name: 'CaissonError',
      code: 'ERR_LAUNCH',
      step: 'proc',
      syscall: 'fsmount',
      errno: 'EPERM',
      driver: 'pivotroot',
      subject: '/proc',
      retryable: false,
      fix: errorCodes.ERR_LAUNCH.fix,
    })
  })

  it('says the meaning of its code where nothing better is known', () => {
    const error = new CaissonError({ code: 'ERR_DISPOSED', what: 'engine' })
    expect(error.message).to.equal(`engine: ${errorCodes.ERR_DISPOSED.meaning}`)
    expect(error).to.not.have.property('errno')
    expect(error).to.not.have.property('cause')
  })

  it('keeps its cause', () => {
    const cause = new Error('below')
    expect(new CaissonError({ code: 'ERR_INTERNAL', what: 'x', cause }).cause).to.equal(cause)
  })
})

describe('isCaissonError', () => {
  it('knows every shape of ours by its brand, and the code asked for', () => {
    const errors = [
      new CaissonError({ code: 'ERR_CWD', what: 'x' }),
      invalidArgument({ field: 'a', why: 'b', code: 'ERR_CWD' }),
      outOfRange({ field: 'a', why: 'b', code: 'ERR_CWD' }),
    ]
    for (const error of errors) {
      expect(isCaissonError(error)).to.equal(true)
      expect(isCaissonError(error, 'ERR_CWD')).to.equal(true)
      expect(isCaissonError(error, 'ERR_DI')).to.equal(false)
    }
  })

  it('knows an error of another copy of this package', () => {
    const stranger = Object.assign(new Error('x'), {
      code: 'ERR_CWD',
      [Symbol.for('caisson/CaissonError@1')]: true,
    })
    expect(isCaissonError(stranger, 'ERR_CWD')).to.equal(true)
  })

  it('does not take others for ours', () => {
    for (const value of [
      undefined,
      null,
      'ERR_CWD',
      {},
      Object.assign(new Error('x'), { code: 'ERR_CWD' }),
    ]) {
      expect(isCaissonError(value)).to.equal(false)
    }
  })
})

describe('invalidArgument and outOfRange', () => {
  it('are TypeErrors and RangeErrors that carry code and field', () => {
    const type = invalidArgument({ field: 'argv[1]', why: 'must be a string' })
    expect(type)
      .to.be.instanceOf(TypeError)
      .and.include({ code: 'ERR_INVALID_SPEC', field: 'argv[1]' })
    expect(type.message).to.equal('invalid argv[1]: must be a string')
    const range = outOfRange({
      field: 'limits.cpu',
      why: '-1 is less than 0',
      code: 'ERR_LIMIT_RANGE',
    })
    expect(range).to.be.instanceOf(RangeError).and.include({ code: 'ERR_LIMIT_RANGE' })
  })
})

describe('errnoName', () => {
  it('knows the names of this system, with either sign', () => {
    expect([errnoName(2), errnoName(-13), errnoName(11), errnoName(99999)]).to.deep.equal([
      'ENOENT',
      'EACCES',
      'EAGAIN',
      'errno 99999',
    ])
  })
})

describe('suppress', () => {
  it('collects later failures on the first error', () => {
    const error = new Error('first')
    suppress(error, [1])
    suppress(error, [])
    suppress(error, [2, 3])
    expect(error).to.have.property('suppressed').that.deep.equals([1, 2, 3])
  })

  it('leaves what cannot carry them as it is', () => {
    const frozen = Object.freeze(new Error('x'))
    suppress(frozen, [1])
    suppress('text', [1])
    expect(frozen).to.not.have.property('suppressed')
  })
})

describe('docs/errors.md', () => {
  const page = readFileSync(new URL('../../../../docs/errors.md', import.meta.url), 'utf8')

  it('has every code with its meaning and its fix, and no other', () => {
    for (const [code, { meaning, fix }] of Object.entries(errorCodes)) {
      expect(page).to.include(`## ${code}\n\n${meaning}\n\nFix: ${fix}\n`)
    }
    const documented = [...page.matchAll(/^## (ERR_\w+)$/gm)].map(([, code]) => code)
    expect(documented).to.deep.equal(Object.keys(errorCodes))
  })
})
