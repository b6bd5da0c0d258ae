import { distroError } from '../distro-error.js'

/** Debian's names of the architectures that Node runs on. */
const names: Readonly<Partial<Record<string, string>>> = {
  x64: 'amd64',
  arm64: 'arm64',
  arm: 'armhf',
  ia32: 'i386',
  riscv64: 'riscv64',
  ppc64: 'ppc64el',
  s390x: 's390x',
  loong64: 'loong64',
  mips64el: 'mips64el',
}

/**
 * The name that Debian has for an architecture of Node's.
 * @throws CaissonError ERR_ARCH_UNSUPPORTED
 */
export function debianArchitecture(arch: string = process.arch): string {
  const name = names[arch]
  if (name !== undefined) return name
  const why = `Debian has no packages for ${arch}`
  throw distroError('ERR_ARCH_UNSUPPORTED', 'debian:', why, 'Use another rootfs provider.')
}
