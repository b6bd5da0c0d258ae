// What rpmsign runs instead of gpg: `node sign-file.mjs <private key> <signature>` makes a detached signature of its stdin.
import { readFileSync, writeFileSync } from 'node:fs'
import * as openpgp from 'openpgp'

const [keyFile, signatureFile] = process.argv.slice(2)
const signingKeys = await openpgp.readPrivateKey({ armoredKey: readFileSync(keyFile, 'utf8') })
const message = await openpgp.createMessage({ binary: readFileSync(0) })
const signature = await openpgp.sign({ message, signingKeys, detached: true, format: 'binary' })
writeFileSync(signatureFile, signature)
