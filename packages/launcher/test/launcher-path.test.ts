import { expect } from 'chai'
import { launcherPath } from '../dist/index.js'

describe('launcherPath', () => {
  const before = process.env['CAISSON_LAUNCHER']
  afterEach(() => {
    if (before === undefined) delete process.env['CAISSON_LAUNCHER']
    else process.env['CAISSON_LAUNCHER'] = before
  })

  it('is what CAISSON_LAUNCHER names', () => {
    process.env['CAISSON_LAUNCHER'] = process.execPath
    expect(launcherPath()).to.equal(process.execPath)
  })

  it('fails when there is no such file, with a fix', () => {
    process.env['CAISSON_LAUNCHER'] = '/nonexistent'
    expect(() => launcherPath())
      .to.throw()
      .that.includes({
        code: 'ERR_LAUNCHER_MISSING',
        subject: '/nonexistent',
        fix: 'unset CAISSON_LAUNCHER',
      })
  })
})
