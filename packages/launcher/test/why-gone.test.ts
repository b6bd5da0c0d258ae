import { expect } from 'chai'
import { whyGone } from '../dist/why-gone.js'

describe('whyGone', () => {
  it('says what ended a container: itself, a signal, what served its root, a kill of ours, its launcher', () => {
    expect(whyGone(3 << 8)).to.equal('its pid 1 ended by itself, with exit code 3')
    expect(whyGone(9)).to.match(/^its pid 1 was killed by SIGKILL, which Caisson did not send/)
    expect(whyGone(9 | (1 << 16))).to.include('fuse-overlayfs')
    expect(whyGone(9 | (1 << 17))).to.include('its pid 1 did not do that within two seconds')
    expect(whyGone(undefined)).to.equal('the launcher that held it has ended')
  })
})
