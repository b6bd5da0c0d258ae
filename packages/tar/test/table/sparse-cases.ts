import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TableCase } from './table-case.js'

const MiB = 1 << 20
const size = 8 * MiB + 5
/** So many that old GNU maps need blocks of their own. */
const places = Array.from({ length: 40 }, (_, i) => (i * MiB) / 5 - (((i * MiB) / 5) % 4096))

function source(): string {
  const top = fs.mkdtempSync(join(tmpdir(), 'caisson-table-'))
  const file = fs.openSync(join(top, 'sparse'), 'w')
  for (const at of places) fs.writeSync(file, `data at ${at}`, at)
  fs.ftruncateSync(file, size)
  fs.closeSync(file)
  fs.writeFileSync(join(top, 'zz-after'), 'after')
  return top
}

function content(): Buffer {
  const all = Buffer.alloc(size)
  for (const at of places) all.write(`data at ${at}`, at)
  return all
}

function archive(args: readonly string[]): Buffer {
  const top = source()
  const rest = ['--sparse', '--owner=0', '--group=0', '-cf', '-', '-C', top, 'sparse', 'zz-after']
  try {
    return execFileSync('tar', [...args, ...rest], { maxBuffer: 1e8 })
  } finally {
    fs.rmSync(top, { recursive: true })
  }
}

const dialects = {
  'old GNU': ['--format=gnu'],
  'PAX 0.0': ['--format=posix', '--sparse-version=0.0'],
  'PAX 0.1': ['--format=posix', '--sparse-version=0.1'],
  'PAX 1.0': ['--format=posix', '--sparse-version=1.0'],
}

/** Files with holes, in each dialect, out of GNU tar. */
export const sparseCases: readonly TableCase[] = Object.entries(dialects).map(([name, args]) => ({
  name: `file with holes, ${name}`,
  archive: () => archive(args),
  fault: async (look, path) => {
    const found = await look('sparse')
    if (found === undefined) return 'sparse is missing'
    if (found.status.size !== size) return `size of sparse is ${found.status.size}, not ${size}`
    if (!fs.readFileSync(join(path, 'sparse')).equals(content())) return 'content is another'
    if (found.storedBytes > MiB) return 'it has no holes'
    const after = await look('zz-after')
    return after?.content?.length === 5 ? undefined : 'what comes after it is wrong'
  },
}))
