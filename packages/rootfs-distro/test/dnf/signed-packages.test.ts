import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { dnfRootfs, type BuildProgress } from '../../dist/index.js'
import { FileServer } from '../support/file-server.js'
import { freshProvider } from '../support/fresh-provider.js'
import { lackForRpm, RpmRepository, type RpmKey } from '../support/rpm-repository.js'
import { rejected } from '../support/thrown.js'

describe('dnf: signed packages, by http', function () {
  // packages are built, and dnf is python
  this.timeout(120_000)
  let repository: RpmRepository
  let server: FileServer | undefined
  let signer: RpmKey
  let stranger: RpmKey

  before(async function () {
    const lack = lackForRpm()
    if (lack !== undefined) {
      console.log(`      skipped: ${lack}`)
      return this.skip()
    }
    repository = new RpmRepository()
    signer = await repository.key('signer')
    stranger = await repository.key('stranger')
    for (const name of ['good', 'unsigned', 'strange', 'spoilt', 'changed']) repository.add(name)
    repository.add('needy', { requires: 'good' })
    for (const name of ['good', 'needy', 'spoilt', 'changed'])
      repository.sign(`${name}-1-1.noarch.rpm`, signer)
    repository.sign('strange-1-1.noarch.rpm', stranger)
    spoil('spoilt')
    repository.publish()
    spoil('changed')
    server = await FileServer.start(repository.path)
    return undefined
  })

  after(async () => {
    await server?.[Symbol.asyncDispose]()
    repository?.[Symbol.dispose]()
  })

  /** Changes the last byte of a package: of its content. */
  function spoil(name: string): void {
    const path = join(repository.path, `${name}-1-1.noarch.rpm`)
    const bytes = readFileSync(path)
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1)
    writeFileSync(path, bytes)
  }

  /** A provider that trusts the signer. */
  function open(
    baseurl = server?.address ?? '',
    onProgress: (progress: BuildProgress) => void = () => {},
  ) {
    const driver = dnfRootfs({
      repos: [{ id: 'own', baseurl, gpgkey: signer.publicKey }],
      onProgress,
    })
    return freshProvider(driver, '?packages=needy')
  }

  it('installs what the key has signed, and tells of each package that it fetches', async () => {
    const told: BuildProgress[] = []
    await using made = await open(undefined, (one) => void told.push(one))
    const lease = await made.provider.lend({ id: 'x', reference: made.reference })
    const [root = ''] = lease.parts[0]?.lowers ?? []
    expect(readFileSync(join(root, 'needy'), 'utf8')).to.equal('1\n')
    expect(readFileSync(join(root, 'good'), 'utf8')).to.equal('1\n')
    await lease.release()
    const phases = told.map(({ phase }) => phase)
    expect([...new Set(phases)]).to.deep.equal(['resolve', 'download', 'install', 'done'])
    expect(server?.requests).to.include('/needy-1-1.noarch.rpm')
  })

  const refused: readonly (readonly [title: string, name: string, code: string])[] = [
    ['is not signed', 'unsigned', 'ERR_SIGNATURE_INVALID'],
    ['another key has signed', 'strange', 'ERR_SIGNATURE_INVALID'],
    ['was changed after it was signed', 'spoilt', 'ERR_SIGNATURE_INVALID'],
    ['is not what the index says', 'changed', 'ERR_DIGEST_MISMATCH'],
  ]
  for (const [title, name, code] of refused)
    it(`refuses a package that ${title}: ${code}`, async () => {
      await using made = await open()
      const lending = made.provider.lend({ id: 'x', reference: `?packages=${name}` })
      const error = await rejected(lending)
      expect(error.code, error.message).to.equal(code)
      expect(error.message).to.include(name)
      expect(made.unfinished()).to.deep.equal([])
    })

  it('knows a server that does not answer, and one that has no repository', async () => {
    for (const baseurl of ['http://127.0.0.1:1/repo', `${server?.address}/nowhere`]) {
      await using made = await open(baseurl)
      const error = await rejected(made.provider.lend({ id: 'x', reference: made.reference }))
      expect(error).to.include({ code: 'ERR_MIRROR_UNREACHABLE', field: 'from' })
    }
  })
})
