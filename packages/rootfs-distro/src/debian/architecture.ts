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

/** The multiarch directory name (GNU triplet), e.g. `x86_64-linux-gnu`. */
export function multiarchTriplet(architecture: string): string {
  const triplets: Readonly<Partial<Record<string, string>>> = {
    amd64: 'x86_64-linux-gnu',
    arm64: 'aarch64-linux-gnu',
    armhf: 'arm-linux-gnueabihf',
    i386: 'i386-linux-gnu',
    ppc64el: 'powerpc64le-linux-gnu',
    mips64el: 'mips64el-linux-gnuabi64',
    loong64: 'loongarch64-linux-gnu',
  }
  return triplets[architecture] ?? `${architecture}-linux-gnu`
}
