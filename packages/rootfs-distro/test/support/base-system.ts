import { readFileSync } from 'node:fs'
import { trustedProgram } from '@caisson/core'
import type { FakePackage } from './fake-mirror.js'
import type { Entry } from './make-deb.js'

const applets = 'sh true false cat ls id mkdir mv rm mount sleep'.split(' ')

// knows of no state: unpacks what it is given
const dpkg = `#!/bin/sh
case "$*" in
  *--predep-package*) exit 1 ;;
  *--print-foreign-architectures*) exit 0 ;;
  *--print-architecture*) echo amd64; exit 0 ;;
  *-f*Version*) echo 1.0-1; exit 0 ;;
esac
for one; do
  case $one in *.deb) busybox ar -p "$one" data.tar.gz | busybox tar -xz -C / || exit 1 ;; esac
done
exit 0
`

// that of busybox would take the dpkg of busybox
const env = `#!/bin/sh
while case $1 in -*) true ;; *) false ;; esac; do shift; done
name=$1; shift
exec /usr/bin/$name "$@"
`

function program(path: string, text = '#!/bin/sh\nexit 0\n'): Entry {
  return { path, content: text, mode: 0o755 }
}

/** What is missing here to make roots of these packages; undefined: nothing. */
export function lackForBaseSystem(): string | undefined {
  if (process.arch !== 'x64') return 'the mirror has packages for amd64'
  return trustedProgram('busybox') === undefined ? 'no busybox (busybox-static)' : undefined
}

/**
 * The packages that tools want to see in a Debian, as small as they can be: a static busybox of this host is its shell, and its dpkg
 * is a script. Their scripts of maintainers would be run by the real one alone.
 */
export function baseSystem(): readonly FakePackage[] {
  const busybox = readFileSync(trustedProgram('busybox') ?? '')
  const files: Readonly<Record<string, readonly Entry[]>> = {
    'base-files': [
      { path: './etc/' },
      { path: './tmp/', mode: 0o1777 },
      { path: './proc/' },
      { path: './sys/' },
      { path: './dev/' },
      { path: './var/log/' },
      { path: './etc/passwd', content: 'root:x:0:0:root:/root:/bin/sh\n' },
      { path: './etc/group', content: 'root:x:0:\n' },
    ],
    'base-passwd': [],
    dpkg: [
      { path: './var/lib/dpkg/info/' },
      program('./usr/bin/dpkg', dpkg),
      program('./usr/bin/dpkg-deb', dpkg),
      program('./sbin/start-stop-daemon'),
    ],
    libc6: [
      { path: './bin/busybox', content: busybox, mode: 0o755 },
      ...applets.map((name) => ({ path: `./bin/${name}`, target: 'busybox' })),
      program('./sbin/ldconfig'),
      program('./usr/bin/env', env),
      { path: './usr/sbin/' },
    ],
    'perl-base': [],
    mawk: [{ path: './usr/bin/mawk', content: '' }],
    debconf: [],
    apt: [],
  }
  return Object.entries(files).map(([name, entries]) => ({
    name,
    files: [{ path: './' }, ...entries],
    control: [{ path: './control', content: `Package: ${name}\nVersion: 1.0-1\n` }],
    fields: name === 'apt' ? { Priority: 'important' } : { Essential: 'yes', Priority: 'required' },
  }))
}
