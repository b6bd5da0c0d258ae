import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import * as openpgp from 'openpgp'
import { makeDeb, type Entry } from './make-deb.js'

/** A package of a fake mirror. */
export interface FakePackage {
  readonly name: string
  readonly files: readonly Entry[]
  readonly control?: readonly Entry[]
  /** More fields of the index. */
  readonly fields?: Readonly<Record<string, string>>
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** A mirror of Debian on the loopback, signed by a key of its own, with one suite for amd64. */
export class FakeMirror implements AsyncDisposable {
  readonly #server: Server
  readonly #directory: string
  readonly #key: openpgp.PrivateKey
  /** The name of its suite. */
  readonly suite: string
  readonly #content = new Map<string, Buffer>()
  /** Paths that were asked for, in order. */
  readonly requests: string[] = []
  /** Answers instead of the content: a status to fail with. */
  readonly failing = new Map<string, number>()

  private constructor(server: Server, directory: string, key: openpgp.PrivateKey, suite: string) {
    this.#server = server
    this.#directory = directory
    this.#key = key
    this.suite = suite
  }

  /** @param suite default `test`; debootstrap has to know it */
  static async start(suite = 'test'): Promise<FakeMirror> {
    const { privateKey } = await openpgp.generateKey({
      userIDs: [{ name: 'fake', email: 'fake@example.invalid' }],
      format: 'object',
    })
    const server = createServer()
    const mirror = new FakeMirror(
      server,
      mkdtempSync(join(tmpdir(), 'caisson-mirror-')),
      privateKey,
      suite,
    )
    writeFileSync(mirror.keyring, privateKey.toPublic().write())
    server.on('request', (request, response) => {
      const path = decodeURIComponent(request.url ?? '')
      mirror.requests.push(path)
      const content = mirror.#content.get(path)
      const status = mirror.failing.get(path) ?? (content === undefined ? 404 : 200)
      response.writeHead(status).end(status === 200 ? content : undefined)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return mirror
  }

  get keyring(): string {
    return join(this.#directory, 'keyring.gpg')
  }

  get address(): string {
    // a server that listens on a port has an address of this form
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/debian`
  }

  /** Replaces what a path has. */
  put(path: string, content: Buffer): void {
    this.#content.set(`/debian/${path}`, content)
  }

  /** What a path has now. */
  async read(path: string): Promise<Buffer> {
    const content = this.#content.get(`/debian/${path}`)
    if (content === undefined) throw new Error(`there is no ${path}`)
    return content
  }

  /** Publishes packages; fields of the Release file may be given. */
  async publish(
    packages: readonly FakePackage[],
    release: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const paragraphs = packages.map((one) => {
      const deb = makeDeb(one.files, one.control)
      const filename = `pool/${one.name}_1.0-1_amd64.deb`
      this.put(filename, deb)
      const fields: Record<string, string> = {
        Package: one.name,
        Version: '1.0-1',
        Architecture: 'amd64',
        Description: `the package ${one.name}`,
        ...one.fields,
        Filename: filename,
        Size: String(deb.length),
        SHA256: sha256(deb),
      }
      return Object.entries(fields)
        .map(([name, value]) => `${name}: ${value}\n`)
        .join('')
    })
    const plain = Buffer.from(paragraphs.map((one) => `${one}\n`).join(''))
    const index = gzipSync(plain)
    const digest = sha256(index)
    this.put(`dists/${this.suite}/main/binary-amd64/by-hash/SHA256/${digest}`, index)
    const fields = {
      Suite: this.suite,
      Codename: this.suite,
      Date: new Date(Date.now() - 3_600_000).toUTCString().replace('GMT', 'UTC'),
      'Acquire-By-Hash': 'yes',
      Architectures: 'amd64',
      Components: 'main',
      ...release,
      // apt takes no index that is not listed without compression, too
      SHA256: [
        '',
        ` ${digest} ${index.length} main/binary-amd64/Packages.gz`,
        ` ${sha256(plain)} ${plain.length} main/binary-amd64/Packages`,
      ].join('\n'),
    }
    const text = Object.entries(fields)
      .map(([name, value]) => `${name}: ${value}`)
      .join('\n')
    // the ends of lines are not signed, and debootstrap takes those of Unix alone
    const message = await openpgp.createCleartextMessage({ text })
    const signed = await openpgp.sign({ message, signingKeys: this.#key })
    this.put(`dists/${this.suite}/InRelease`, Buffer.from(signed.replaceAll('\r\n', '\n')))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
    rmSync(this.#directory, { recursive: true, force: true })
  }
}
