import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const places = ['/bin/busybox', '/usr/bin/busybox', '/bin/busybox.static']

/** A small root around the host's static busybox, as an archive. */
export function makeArchive(directory: string): string {
  const busybox = places.find((path) => existsSync(path))
  if (busybox === undefined)
    throw new Error('a static busybox is missing; as root: apt-get install busybox-static')
  const root = join(directory, 'root')
  for (const name of ['bin', 'etc', 'proc', 'sys', 'dev', 'tmp'])
    mkdirSync(join(root, name), { recursive: true })
  copyFileSync(busybox, join(root, 'bin/busybox'))
  const applets = execFileSync(busybox, ['--list'], { encoding: 'utf8', env: {} })
  for (const name of applets.trim().split('\n'))
    if (name !== 'busybox') symlinkSync('busybox', join(root, 'bin', name))
  writeFileSync(join(root, 'etc/motd'), 'Be nice to each other.\n')
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/:/bin/sh\n')
  writeFileSync(join(root, 'etc/profile'), 'export PS1="shared> "\n')
  const archive = join(directory, 'shared.tar')
  const owner = ['--owner=0', '--group=0', '--numeric-owner']
  execFileSync('tar', ['-C', root, ...owner, '-cf', archive, '.'])
  return archive
}
