import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { trustedProgram } from '@caisson/core'
import * as openpgp from 'openpgp'

/** What is missing here to make packages and run dnf, with what mends it; undefined when nothing is. */
export function lackForRpm(): string | undefined {
  const lacking = ['dnf', 'rpmbuild', 'rpmsign', 'createrepo_c', 'busybox'].filter(
    (name) => trustedProgram(name) === undefined,
  )
  if (lacking.length === 0) return undefined
  return `no ${lacking.join(', ')} (apt-get install dnf rpm createrepo-c busybox-static)`
}

/** A key to sign packages with: files of its halves. */
export interface RpmKey {
  readonly privateKey: string
  readonly publicKey: string
}

/** A repository in a directory, of packages made for it by rpmbuild; they are not signed until `sign` does it. */
export class RpmRepository implements Disposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'caisson-rpm-'))
  #built = 0

  /** Where packages and index lie. */
  get path(): string {
    return join(this.#directory, 'repo')
  }

  get baseurl(): string {
    return `file://${this.path}`
  }

  /** A new key. */
  async key(name: string): Promise<RpmKey> {
    const userIDs = [{ name, email: `${name}@example.invalid` }]
    const made = await openpgp.generateKey({ type: 'rsa', rsaBits: 2048, userIDs })
    return {
      privateKey: this.file(`${name}.key`, made.privateKey),
      publicKey: this.file(`${name}.asc`, made.publicKey),
    }
  }

  /** Signs a package, whose index is to be made anew then. */
  sign(file: string, { privateKey }: RpmKey): void {
    const script = fileURLToPath(new URL('../../test/support/sign-file.mjs', import.meta.url))
    const command = [process.execPath, 'node', script, privateKey].join(' ')
    const defines = ['_gpg_name own', `__gpg_sign_cmd ${command} %{__signature_filename}`]
    const args = [...defines.flatMap((one) => ['--define', one]), '--addsign']
    execFileSync('rpmsign', [...args, join(this.path, file)], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
  }

  /** A file of the test's own beside the repository. */
  file(name: string, content: string): string {
    const path = join(this.#directory, name)
    writeFileSync(path, content)
    return path
  }

  /** Adds a package that has a file `/<name>` and, with `shell`, a static busybox as `/bin/sh`. */
  add(name: string, { version = '1', shell = false, post = '', requires = '' } = {}): void {
    const spec = this.file(
      `${name}-${++this.#built}.spec`,
      [
        '%define _build_id_links none',
        '%global debug_package %{nil}',
        '%global __os_install_post %{nil}',
        'AutoReqProv: no',
        `Name: ${name}\nVersion: ${version}\nRelease: 1\nSummary: test\nLicense: none\nBuildArch: noarch`,
        ...(requires === '' ? [] : [`Requires: ${requires}`]),
        '%description\ntest',
        `%install\nmkdir -p %{buildroot}/bin\necho ${version} > %{buildroot}/${name}`,
        ...(shell ? [`cp ${trustedProgram('busybox')} %{buildroot}/bin/sh`] : []),
        ...(post === '' ? [] : [`%post -p /bin/sh\n${post}`]),
        `%files\n/${name}`,
        ...(shell ? ['%attr(4755,root,root) /bin/sh'] : []),
      ].join('\n'),
    )
    const top = join(this.#directory, 'rpmbuild')
    const defines = [
      `_topdir ${top}`,
      '_binary_payload w1.gzdio',
      '_binaries_in_noarch_packages_terminate_build 0',
    ]
    const args = ['-bb', ...defines.flatMap((one) => ['--define', one]), spec]
    execFileSync('rpmbuild', args, { stdio: ['ignore', 'ignore', 'pipe'] })
    mkdirSync(this.path, { recursive: true })
    const file = `${name}-${version}-1.noarch.rpm`
    copyFileSync(join(top, 'RPMS/noarch', file), join(this.path, file))
  }

  /** Makes the index. */
  publish(): void {
    execFileSync('createrepo_c', ['--quiet', this.path], { stdio: 'ignore' })
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true, force: true })
  }
}
