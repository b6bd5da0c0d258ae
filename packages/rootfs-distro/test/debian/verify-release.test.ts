import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import * as openpgp from 'openpgp'
import {
  signatureTool,
  verifyRelease,
  type SignatureTool,
} from '../../dist/debian/verify-release.js'
import { rejected } from '../support/thrown.js'

const text = 'Suite: test\nDate: today\n- dashes\nend'

async function key(name: string, date?: Date): Promise<openpgp.PrivateKey> {
  const { privateKey } = await openpgp.generateKey({
    userIDs: [{ name, email: `${name}@example.invalid` }],
    format: 'object',
    ...(date === undefined ? {} : { date, keyExpirationTime: 86_400 }),
  })
  return privateKey
}

async function sign(body: string, signingKeys: openpgp.PrivateKey[], date?: Date): Promise<string> {
  const message = await openpgp.createCleartextMessage({ text: body })
  return openpgp.sign({ message, signingKeys, ...(date === undefined ? {} : { date }) })
}

for (const tool of ['gpgv', 'openpgp'] satisfies SignatureTool[]) {
  describe(`verifyRelease by ${tool}`, () => {
    let directory: string
    let keyring: string
    let trusted: openpgp.PrivateKey
    let other: openpgp.PrivateKey
    let expired: openpgp.PrivateKey
    const past = new Date('2020-01-01T00:00:00Z')

    before(async function () {
      if (tool === 'gpgv' && (await signatureTool()) !== 'gpgv') {
        console.log('      skipped: no gpgv (apt-get install gpgv)')
        this.skip()
      }
      directory = mkdtempSync(join(tmpdir(), 'caisson-keys-'))
      keyring = join(directory, 'keyring.gpg')
      trusted = await key('trusted')
      other = await key('other')
      expired = await key('expired', past)
      const keys = [trusted.toPublic(), expired.toPublic()]
      writeFileSync(keyring, Buffer.concat(keys.map((one) => one.write())))
    })

    after(() => {
      if (directory !== undefined) rmSync(directory, { recursive: true })
    })

    const verify = (message: string): Promise<string> =>
      verifyRelease({ message, keyring, subject: 'test', tool })

    it('gives the text that a trusted key signed, without what stands around it', async () => {
      const message = await sign(text, [trusted])
      const around = `Suite: forged\n\n${message}\nSuite: forged\n`
      expect((await verify(message)).trimEnd()).to.equal(text)
      const found = await verify(around).catch(() => 'refused')
      expect(found).to.not.include('forged')
    })

    it('takes a trusted signature beside one that it does not know', async () => {
      expect((await verify(await sign(text, [other, trusted]))).trimEnd()).to.equal(text)
    })

    it('refuses a text that was changed', async () => {
      const message = (await sign(text, [trusted])).replace('today', 'tomorrow')
      expect((await rejected(verify(message))).code).to.equal('ERR_SIGNATURE_INVALID')
    })

    it('refuses a key that is not in the keyring', async () => {
      const error = await rejected(verify(await sign(text, [other])))
      expect(error.code).to.equal('ERR_SIGNATURE_INVALID')
      expect(error.message).to.include(other.getKeyID().toHex().toUpperCase())
    })

    it('refuses a key that has expired', async () => {
      const message = await sign(text, [expired], new Date(past.getTime() + 1000))
      const error = await rejected(verify(message))
      expect(error.code).to.equal('ERR_SIGNATURE_INVALID')
    })

    for (const [what, message] of Object.entries({
      'without a signature': text,
      'that is empty': '',
      'of something else': '-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nx\n',
    })) {
      it(`refuses a text ${what}`, async () => {
        expect((await rejected(verify(message))).code).to.equal('ERR_SIGNATURE_INVALID')
      })
    }
  })
}
