import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

const long = 'x'.repeat(400_000)

/** What a process fills that is killed. */
export async function fillForCrash({ diff }: { readonly diff: string }): Promise<void> {
  mkdirSync(join(diff, 'etc'))
  for (let i = 0; i < 5; i++) writeFileSync(join(diff, 'etc', String(i)), 'x'.repeat(i * 1000))
  return Promise.resolve()
}

/** A tree for repairs to be killed in. */
export async function fillForRepair({ diff }: { readonly diff: string }): Promise<void> {
  for (const name of ['bin', 'etc', 'usr', 'usr/lib']) mkdirSync(join(diff, name))
  writeFileSync(join(diff, 'bin/sh'), 'a shell')
  linkSync(join(diff, 'bin/sh'), join(diff, 'bin/ash'))
  chmodSync(join(diff, 'bin/sh'), 0o4755)
  writeFileSync(join(diff, 'etc/passwd'), 'root')
  writeFileSync(join(diff, 'usr/lib/long'), long)
  symlinkSync('lib', join(diff, 'usr/lib64'))
  for (const name of ['bin/sh', 'etc/passwd', 'usr/lib/long', 'usr/lib', 'usr', 'etc', 'bin', '.'])
    utimesSync(join(diff, name), 1_600_000_000, 1_600_000_000)
  return Promise.resolve()
}

/** Everything that can be wrong with it at once. */
export function damageForRepair(diff: string): void {
  rmSync(join(diff, 'bin/sh'))
  chmodSync(join(diff, 'bin/ash'), 0o755)
  appendFileSync(join(diff, 'etc/passwd'), ', and somebody')
  rmSync(join(diff, 'usr/lib'), { recursive: true })
  symlinkSync('/', join(diff, 'usr/lib'))
  writeFileSync(join(diff, 'etc/new'), 'too much')
}
