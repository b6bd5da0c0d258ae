// Where each architecture's UAPI headers are, and how its table of system calls is read from them.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import process from 'node:process'

// The generic table leaves some of its calls to the architecture to ask for.
const generic = ['NEW_STAT', 'SYS_CLONE3']
const riscv = ['-U__x86_64__', '-D__LP64__', '-D__riscv', '-D__riscv_xlen=64']

/**
 * `debian`: the name in Debian's linux-libc-dev-<name>-cross; `triplet`: the directory of /usr that it fills; `include`: what
 * defines the numbers; `defines`: what the compiler of that architecture would.
 */
export const headers = {
  x86_64: { debian: 'amd64', triplet: 'x86_64-linux-gnu', include: 'asm/unistd_64.h' },
  x86: { debian: 'i386', triplet: 'i686-linux-gnu', include: 'asm/unistd_32.h' },
  x32: {
    debian: 'x32',
    triplet: 'x86_64-linux-gnux32',
    include: 'asm/unistd_x32.h',
    defines: ['-D__X32_SYSCALL_BIT=0'],
  },
  aarch64: { debian: 'arm64', triplet: 'aarch64-linux-gnu', include: 'asm/unistd.h' },
  arm: {
    debian: 'armhf',
    triplet: 'arm-linux-gnueabihf',
    include: 'asm/unistd.h',
    defines: ['-U__x86_64__', '-D__ARM_EABI__'],
  },
  riscv64: {
    debian: 'riscv64',
    triplet: 'riscv64-linux-gnu',
    include: 'asm/unistd.h',
    defines: riscv,
  },
  s390x: { debian: 's390x', triplet: 's390x-linux-gnu', include: 'asm/unistd_64.h' },
  ppc64le: { debian: 'ppc64el', triplet: 'powerpc64le-linux-gnu', include: 'asm/unistd_64.h' },
  // Debian has no headers of LoongArch: the generic table, as that architecture asks for it.
  loongarch64: {
    debian: 'riscv64',
    triplet: 'riscv64-linux-gnu',
    include: 'asm-generic/unistd.h',
    defines: [...riscv, ...generic.map((name) => `-D__ARCH_WANT_${name}`)],
  },
  mips64el: {
    debian: 'mips64el',
    triplet: 'mips64el-linux-gnuabi64',
    include: 'asm/unistd_n64.h',
    defines: ['-U__x86_64__', '-D__NR_Linux=5000'],
  },
}

function ownTriplet(triplet) {
  return (
    process.arch === 'x64' &&
    ['x86_64-linux-gnu', 'i686-linux-gnu', 'x86_64-linux-gnux32'].includes(triplet)
  )
}

/** Arguments that make the preprocessor read that architecture's headers and no others; undefined: they are not here. */
export function includePath({ triplet }) {
  const cross = `/usr/${triplet}/include`
  if (existsSync(`${cross}/asm`)) return ['-nostdinc', '-I', cross]
  // This machine's own headers hold all three tables of x86.
  const own = '/usr/include/x86_64-linux-gnu'
  if (ownTriplet(triplet) && existsSync(`${own}/asm/unistd_64.h`)) {
    return ['-nostdinc', '-I', own, '-I', '/usr/include']
  }
  return undefined
}

function preprocess(how, path, input, ...flags) {
  return execFileSync(
    'cc',
    ['-E', '-P', ...flags, ...(how.defines ?? []), ...path, '-x', 'c', '-'],
    {
      input,
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'pipe'],
    },
  )
}

function evaluate(expression) {
  if (!/^[\d\sa-fxA-F+()]+$/.test(expression)) throw new Error(`no number: ${expression}`)
  return expression
    .replaceAll(/[()\s]/g, '')
    .split('+')
    .reduce((sum, term) => sum + Number(term), 0)
}

/** The numbers of all macros whose names match: `[name, number]`. */
export function macros(how, include, pattern) {
  const path = includePath(how)
  const text = `#include <${include}>\n`
  const names = [...preprocess(how, path, text, '-dM').matchAll(/^#define (\w+) \S/gm)]
    .map(([, name]) => name)
    .filter((name) => pattern.test(name))
  // a name within quotes stays as it is
  const out = preprocess(how, path, text + names.map((name) => `"${name}" ${name}`).join('\n'))
  return [...out.matchAll(/^"(\w+)" (.+)$/gm)].map(([, name, value]) => [name, evaluate(value)])
}
