import { trustedProgram } from '@caisson/core'
import { execa } from 'execa'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { distroError } from '../distro-error.js'

/** What checks signatures: `gpgv` of the host, or the package `openpgp` where that is installed. */
export type SignatureTool = 'gpgv' | 'openpgp'

function invalid(subject: string, why: string, cause?: unknown): Error {
  const fix =
    'Use a mirror of Debian, or give the keys of whoever signed this as `keyring`; never skip the check.'
  return distroError('ERR_SIGNATURE_INVALID', subject, why, fix, cause)
}

function statusWhy(status: string): string {
  const ids = (kind: string): string =>
    [...status.matchAll(new RegExp(`^\\[GNUPG:\\] ${kind} ([0-9A-F]+)`, 'gm'))]
      .map(([, id]) => id)
      .join(', ')
  const bad = ids('BADSIG')
  if (bad !== '') return `the signature of ${bad} does not belong to this text`
  const expired = ids('EXPKEYSIG')
  if (expired !== '') return `the key ${expired} has expired`
  const unknown = ids('NO_PUBKEY')
  if (unknown !== '') return `it is signed by ${unknown}, none of which is in the keyring`
  return 'it has no signature'
}

/** Gives what was signed as gpgv itself read it, so that no second parser can see another text. */
async function byGpgv(
  program: string,
  message: string,
  keyring: string,
  subject: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'caisson-gpgv-'))
  const signed = join(directory, 'InRelease')
  const output = join(directory, 'Release')
  try {
    await writeFile(signed, message, { mode: 0o600 })
    const args = ['--homedir', directory, '--keyring', keyring, '--status-fd', '1']
    const options = { reject: false, env: { LC_ALL: 'C' }, extendEnv: false, cwd: '/' } as const
    const { stdout, exitCode } = await execa(program, [...args, '--output', output, signed], {
      ...options,
      ...(signal === undefined ? {} : { cancelSignal: signal }),
    })
    // One good signature counts, whatever newer ones by keys that this keyring does not have yet stand beside it. GOODSIG,
    // not VALIDSIG: the latter is also said of keys that have expired or were revoked.
    if (!/^\[GNUPG:\] GOODSIG /m.test(stdout) || /^\[GNUPG:\] BADSIG /m.test(stdout)) {
      throw invalid(subject, statusWhy(stdout), new Error(`gpgv: exit code ${String(exitCode)}`))
    }
    return (await readFile(output, 'utf8')).replaceAll('\r\n', '\n')
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** The part of openpgp's interface that is used. */
interface OpenPgp {
  readCleartextMessage(options: { cleartextMessage: string }): Promise<object>
  readKeys(options: { binaryKeys: Uint8Array }): Promise<readonly OpenPgpKey[]>
  verify(options: { message: object; verificationKeys: readonly OpenPgpKey[] }): Promise<{
    readonly data: string
    readonly signatures: readonly {
      readonly keyID: OpenPgpKeyId
      readonly verified: Promise<boolean>
    }[]
  }>
}

interface OpenPgpKeyId {
  toHex(): string
}

interface OpenPgpKey {
  getKeys(id: OpenPgpKeyId): readonly object[]
  /** Rejects when that key may not sign at that time: expired, revoked. */
  getSigningKey(id: OpenPgpKeyId, date: Date): Promise<object>
}

async function loadOpenPgp(): Promise<OpenPgp | undefined> {
  const name: string = 'openpgp'
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an optional package whose types are not installed
    return (await import(name)) as OpenPgp
  } catch {
    return undefined
  }
}

async function byOpenPgp(
  openpgp: OpenPgp,
  message: string,
  keyring: string,
  subject: string,
): Promise<string> {
  const verificationKeys = await openpgp.readKeys({ binaryKeys: await readFile(keyring) })
  let checked
  try {
    const cleartext = await openpgp.readCleartextMessage({ cleartextMessage: message })
    checked = await openpgp.verify({ message: cleartext, verificationKeys })
  } catch (error) {
    throw invalid(subject, 'it has no signature', error)
  }
  const failures: string[] = []
  for (const { keyID, verified } of checked.signatures) {
    try {
      await verified
      // openpgp judges a key by the time of the signature, which its holder chooses; gpgv and we by now
      const signer = verificationKeys.find((key) => key.getKeys(keyID).length > 0)
      await signer?.getSigningKey(keyID, new Date())
      return checked.data.replaceAll('\r\n', '\n')
    } catch (error) {
      failures.push(`${keyID.toHex().toUpperCase()}: ${String(error)}`)
    }
  }
  throw invalid(subject, failures.join('; ') || 'it has no signature')
}

/** Which tool would be used; undefined when there is none. */
export async function signatureTool(): Promise<SignatureTool | undefined> {
  if (trustedProgram('gpgv') !== undefined) return 'gpgv'
  return (await loadOpenPgp()) === undefined ? undefined : 'openpgp'
}

/** What to check, and by what. */
export interface SignedRelease {
  /** The InRelease file: text signed in the clear (RFC 9580, 7). */
  readonly message: string
  /** Absolute path of a binary keyring. */
  readonly keyring: string
  /** For messages. */
  readonly subject: string
  readonly signal?: AbortSignal | undefined
  /** Default: the first that is there, gpgv before openpgp. */
  readonly tool?: SignatureTool | undefined
}

/**
 * The text that was signed, once a key of the keyring is known to have signed it.
 * @throws CaissonError ERR_SIGNATURE_INVALID naming the keys, ERR_TOOL_MISSING when nothing here can check signatures
 */
export async function verifyRelease(release: SignedRelease): Promise<string> {
  const { message, keyring, subject, signal, tool } = release
  const gpgv = tool === 'openpgp' ? undefined : trustedProgram('gpgv')
  if (gpgv !== undefined) return byGpgv(gpgv, message, keyring, subject, signal)
  const openpgp = await loadOpenPgp()
  if (openpgp !== undefined) return byOpenPgp(openpgp, message, keyring, subject)
  const why = 'nothing here can check the signature of the index'
  const fix = 'apt-get install gpgv (or npm install openpgp, which is LGPL)'
  throw distroError('ERR_TOOL_MISSING', subject, why, fix)
}
