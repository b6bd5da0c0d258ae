/** Architectures that filters are compiled for; all are 64-bit and little-endian. */
export type Architecture = 'x86_64' | 'aarch64' | 'riscv64'

/** AUDIT_ARCH_*: what the kernel puts into the filter's `arch` word. */
export const auditArchitecture: Readonly<Record<Architecture, number>> = {
  x86_64: 0xc000003e,
  aarch64: 0xc00000b7,
  riscv64: 0xc00000f3,
}

/** The architecture of a `process.arch`; undefined when no filter can be compiled for it. */
export function architectureOf(processArch: string): Architecture | undefined {
  switch (processArch) {
    case 'x64':
      return 'x86_64'
    case 'arm64':
      return 'aarch64'
    case 'riscv64':
      return 'riscv64'
    default:
      return undefined
  }
}
