import { LAUNCHER } from '@caisson/core'
import { Scope } from '@caisson/core/di'
import { expect } from 'chai'
import { launcherModule } from '../dist/index.js'
import { fakeLauncher, fakeProgram } from './fake-session.js'

describe('launcherModule', () => {
  it('registers one launcher for a scope, which ends with the scope', async () => {
    const scope = Scope.root()
    const module = launcherModule({ ...fakeProgram('honest'), mode: 'single' })
    module.install(scope)
    module.install(scope)
    expect(scope.all(LAUNCHER)).to.have.length(1)
    const launcher = scope.get(LAUNCHER)
    expect(await launcher.identity()).to.include({ mode: 'single' })
    await scope[Symbol.asyncDispose]()
    const late: unknown = await launcher.identity().catch((error: unknown) => error)
    expect(late).to.include({ code: 'ERR_DISPOSED' })
  })

  it('leaves a launcher alone that is there already', async () => {
    const scope = Scope.root()
    const own = fakeLauncher()
    scope.value(LAUNCHER, own)
    launcherModule().install(scope)
    expect(scope.get(LAUNCHER)).to.equal(own)
    await own[Symbol.asyncDispose]()
  })
})
