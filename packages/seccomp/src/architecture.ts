/** Architectures that filters are compiled for. `x32` is a way of calling `x86_64`, and never a machine. */
export const architectures = [
  'x86_64',
  'x86',
  'x32',
  'aarch64',
  'arm',
  'riscv64',
  's390x',
  'ppc64le',
  'loongarch64',
  'mips64el',
] as const

/** One of them. */
export type Architecture = (typeof architectures)[number]

/** What a compiler of filters must know of an architecture. */
export interface ArchitectureFacts {
  /** AUDIT_ARCH_*: what the kernel puts into the filter's `arch` word. */
  readonly audit: number
  /** Of an argument; the high half of one of 32 bits is nobody's, and is not compared. */
  readonly bits: 32 | 64
  readonly endian: 'little' | 'big'
  /** Numbers begin here. */
  readonly first: number
  /** As profiles write it in `architectures`. */
  readonly libseccomp: string
  /** As profiles write it in `includes.arches`. */
  readonly names: readonly string[]
}

/** The table of architectures. */
export const architectureFacts: Readonly<Record<Architecture, ArchitectureFacts>> = {
  x86_64: facts(0xc000003e, 'SCMP_ARCH_X86_64', ['amd64']),
  x86: facts(0x40000003, 'SCMP_ARCH_X86', ['x86', '386'], { bits: 32 }),
  // __X32_SYSCALL_BIT tells its calls from those of x86_64
  x32: facts(0xc000003e, 'SCMP_ARCH_X32', ['x32'], { first: 0x40000000 }),
  aarch64: facts(0xc00000b7, 'SCMP_ARCH_AARCH64', ['arm64']),
  arm: facts(0x40000028, 'SCMP_ARCH_ARM', ['arm'], { bits: 32 }),
  riscv64: facts(0xc00000f3, 'SCMP_ARCH_RISCV64', ['riscv64']),
  s390x: facts(0x80000016, 'SCMP_ARCH_S390X', ['s390x'], { endian: 'big' }),
  ppc64le: facts(0xc0000015, 'SCMP_ARCH_PPC64LE', ['ppc64le']),
  loongarch64: facts(0xc0000102, 'SCMP_ARCH_LOONGARCH64', ['loong64', 'loongarch64']),
  mips64el: facts(0xc0000008, 'SCMP_ARCH_MIPSEL64', ['mipsel64', 'mips64le'], { first: 5000 }),
}

function facts(
  audit: number,
  libseccomp: string,
  names: readonly string[],
  odd: Partial<ArchitectureFacts> = {},
): ArchitectureFacts {
  return Object.freeze({ audit, bits: 64, endian: 'little', first: 0, libseccomp, names, ...odd })
}

const machines: Readonly<Record<string, Architecture>> = {
  x64: 'x86_64',
  ia32: 'x86',
  arm64: 'aarch64',
  arm: 'arm',
  riscv64: 'riscv64',
  s390x: 's390x',
  // Node runs on the little-endian ones only
  ppc64: 'ppc64le',
  loong64: 'loongarch64',
  mips64el: 'mips64el',
}

/** The architecture of a `process.arch`; undefined when no filter can be compiled for it. */
export function architectureOf(processArch: string): Architecture | undefined {
  return new Map(Object.entries(machines)).get(processArch)
}

/** The one that profiles write so (`SCMP_ARCH_…`). */
export function architectureNamed(libseccomp: string): Architecture | undefined {
  return architectures.find((arch) => architectureFacts[arch].libseccomp === libseccomp)
}

const others =
  'mips mips64 mips64n32 mipsel mipsel64n32 ppc ppc64 s390 parisc parisc64 sparc sparc64 sheb sh m68k'

/** Names that `includes.arches` may hold: those above, and of machines that nothing is compiled for. */
export const machineNames: ReadonlySet<string> = new Set([
  ...Object.values(architectureFacts).flatMap(({ names }) => names),
  ...others.split(' '),
])

/** Names that `architectures` may hold. */
export const libseccompNames: ReadonlySet<string> = new Set([
  ...Object.values(architectureFacts).map(({ libseccomp }) => libseccomp),
  ...others.split(' ').map((name) => `SCMP_ARCH_${name.toUpperCase()}`),
])
