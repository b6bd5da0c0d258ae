import { mmdebstrapRootfs } from '../../dist/index.js'
import { testBootstrapper } from '../support/test-bootstrapper.js'

describe('mmdebstrapRootfs', function () {
  // it starts perl, apt and dpkg, a dozen times
  this.timeout(120_000)
  testBootstrapper('mmdebstrap', (options) => mmdebstrapRootfs(options))
})
