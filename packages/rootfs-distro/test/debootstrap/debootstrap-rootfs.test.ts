import { debootstrapRootfs } from '../../dist/index.js'
import { testBootstrapper } from '../support/test-bootstrapper.js'

describe('debootstrapRootfs', function () {
  // it is a script of many programs
  this.timeout(120_000)
  testBootstrapper('debootstrap', (options) => debootstrapRootfs(options))
})
