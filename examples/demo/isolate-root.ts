import { existsSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { hostname } from 'node:os'
import type { Container, PresetEngine } from 'caisson'
import { check, lesson, note, shown } from './print.js'

const script = 'rm -rf /etc/os-release /boot /opt; echo gone > /etc/issue; touch /caisson-was-here'

/** What the host shows of the places that the script attacks. */
function hostState(): string {
  const files = ['/etc/os-release', '/etc/issue'].map((path) =>
    existsSync(path) ? readFileSync(path, 'utf8') : undefined,
  )
  const places = ['/boot', '/opt', '/etc', '/caisson-was-here'].map(
    (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs,
  )
  return JSON.stringify([files, places])
}

/** Lesson 1: whatever the container changes or deletes, the host's files stay as they are. */
export async function isolateRoot(
  engine: PresetEngine,
  container: Container,
  root: string,
): Promise<void> {
  lesson(1, 'A root of its own')
  const before = hostState()
  const damage = await container.sh(`(${script}) 2>/dev/null; ls -A /`)
  shown(script, '')
  check('the container did it', damage.stdout.includes('caisson-was-here'), damage.stderr)
  if (root !== 'host:') {
    const own = await engine.run(['sh', '-c', `(${script}) 2>/dev/null; ls -A /`], {
      from: 'host:',
    })
    note('and once more in `host:`, which is this very system, copy-on-write')
    check('the container did it', own.stdout.includes('caisson-was-here'), own.stderr)
  }
  check('the host has every file as it was', hostState() === before)
  const inside = await container.sh(
    'uname -n; cat /proc/net/dev | tail -n +3 | cut -d: -f1; ls -d /proc/[0-9]*',
  )
  const [name = '', ...rest] = inside.stdout
    .trim()
    .split('\n')
    .map((line) => line.trim())
  const processes = rest.filter((line) => line.startsWith('/proc/')).length
  const networks = rest.filter((line) => !line.startsWith('/proc/'))
  check(`its host name is ${name}, not ${hostname()}`, name !== '' && name !== hostname())
  check(`it sees ${processes} processes, its own`, processes > 0 && processes < 10)
  check('it sees no network but its own loopback', networks.join() === 'lo', networks.join())
  const outside = readlinkSync('/proc/self/ns/user')
  const user = await container.sh('readlink /proc/self/ns/user; id -u')
  const [namespace, uid] = user.stdout.trim().split('\n')
  check(
    `it is root (uid ${uid}) of a user namespace, and nobody outside`,
    uid === '0' && namespace !== outside,
  )
}
