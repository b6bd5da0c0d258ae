import { expect } from 'chai'
import { homedir } from 'node:os'
import { defaultDataDir } from '../../dist/host/data-dir.js'

describe('defaultDataDir', () => {
  it('is /var/lib/caisson for root, whatever the environment says', () => {
    expect(defaultDataDir({ XDG_DATA_HOME: '/elsewhere' }, 0)).to.equal('/var/lib/caisson')
  })

  it('is below XDG_DATA_HOME for a user', () => {
    expect(defaultDataDir({ XDG_DATA_HOME: '/data' }, 1000)).to.equal('/data/caisson')
  })

  it('is below the home directory when XDG_DATA_HOME is unset, empty or relative', () => {
    for (const env of [{}, { XDG_DATA_HOME: '' }, { XDG_DATA_HOME: 'data' }]) {
      expect(defaultDataDir(env, 1000)).to.equal(`${homedir()}/.local/share/caisson`)
    }
  })
})
