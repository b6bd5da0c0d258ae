import { expect } from 'chai'
import { parseRelease } from '../../dist/debian/release-file.js'
import { thrown } from '../support/thrown.js'

const digest = '0123456789abcdef'.repeat(4)
const now = Date.parse('2026-07-12T00:00:00Z')

function release(changes: Readonly<Record<string, string | undefined>> = {}): string {
  const fields: Record<string, string | undefined> = {
    Suite: 'oldstable',
    Codename: 'bookworm',
    Date: 'Sat, 11 Jul 2026 10:16:37 UTC',
    'Acquire-By-Hash': 'yes',
    Architectures: 'all amd64',
    Components: 'main contrib',
    SHA256: `\n ${digest}  1234 main/binary-amd64/Packages.xz\n ${digest} 1 ../../x\n nonsense`,
    ...changes,
  }
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${String(value)}`)
    .join('\n')
}

describe('parseRelease', () => {
  it('reads names, dates and the digests of files below the suite', () => {
    const found = parseRelease(release(), 'x', now)
    expect(found).to.include({ suite: 'oldstable', codename: 'bookworm', byHash: true })
    expect(found.date.toISOString()).to.equal('2026-07-11T10:16:37.000Z')
    expect([...found.entries.values()]).to.deep.equal([
      { path: 'main/binary-amd64/Packages.xz', size: 1234, sha256: digest },
    ])
  })

  it('refuses one whose time is over, which a mirror could replay', () => {
    const text = release({ 'Valid-Until': 'Sat, 11 Jul 2026 23:59:59 UTC' })
    const error = thrown(() => parseRelease(text, 'bookworm-security', now))
    expect(error.code).to.equal('ERR_RELEASE_EXPIRED')
    expect(error.message).to.include('2026-07-11T23:59:59.000Z')
    expect(parseRelease(text, 'x', now - 2000).validUntil).to.be.instanceOf(Date)
  })

  it('refuses one of a time to come, but for a day', () => {
    const late = release({ Date: 'Tue, 14 Jul 2026 00:00:00 UTC' })
    expect(thrown(() => parseRelease(late, 'x', now)).code).to.equal('ERR_RELEASE_EXPIRED')
    const soon = release({ Date: 'Sun, 12 Jul 2026 20:00:00 UTC' })
    expect(parseRelease(soon, 'x', now).suite).to.equal('oldstable')
  })

  it('takes one of any time where dates are not checked', () => {
    const text = release({ 'Valid-Until': 'Sat, 11 Jul 2020 23:59:59 UTC' })
    expect(parseRelease(text, 'x', undefined).codename).to.equal('bookworm')
  })

  for (const field of ['Date', 'SHA256']) {
    it(`refuses one without ${field}`, () => {
      const error = thrown(() => parseRelease(release({ [field]: undefined }), 'x', now))
      expect(error.code).to.equal('ERR_SIGNATURE_INVALID')
    })
  }
})
