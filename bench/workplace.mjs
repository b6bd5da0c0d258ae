import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync, chmodSync, copyFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { architectureOf, compileProfile, namedProfile } from '../packages/seccomp/dist/index.js'

// Caisson's default; the kit that says so is not for others to import.
const capabilities =
  'CHOWN DAC_OVERRIDE FSETID FOWNER SETGID SETUID SETFCAP NET_BIND_SERVICE SYS_CHROOT KILL'.split(
    ' ',
  )
const here = fileURLToPath(new URL('./', import.meta.url))

function compile(args) {
  const result = spawnSync(process.env.CC ?? 'cc', ['-O2', '-Wall', ...args], { encoding: 'utf8' })
  if (result.status !== 0) throw new Error(`cc ${args.join(' ')}: ${result.stderr ?? result.error}`)
}

/** A temporary directory with the programs to measure and a root directory that holds nothing but `/true`. */
export function makeWorkplace() {
  const path = mkdtempSync(join(tmpdir(), 'caisson-bench-'))
  chmodSync(path, 0o755)
  const root = join(path, 'root')
  for (const name of ['', 'proc', 'sys', 'dev', 'tmp', 'etc']) mkdirSync(join(root, name))
  const command = join(path, 'true')
  const limit = join(path, 'c-limit')
  compile(['-static', '-nostdlib', '-o', command, join(here, 'true.c')])
  compile(['-o', limit, join(here, 'c-limit.c')])
  copyFileSync(command, join(root, 'true'))
  const seccomp = join(path, 'seccomp.bpf')
  writeFileSync(
    seccomp,
    compileProfile(namedProfile('default'), { arch: architectureOf(process.arch), capabilities })
      .program,
  )
  return { path, root, command, limit, seccomp, remove: () => rmSync(path, { recursive: true }) }
}
