import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { chmodSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fingerprint } from './fingerprint.js'
import type { IsolationBench, IsolationTest } from './isolation-bench.js'
import { readonlyPathTests } from './isolation-readonly-paths.js'

/** CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID NET_BIND_SERVICE SYS_CHROOT SETFCAP, by number. */
const MOST_CAPABILITIES = [0, 1, 3, 4, 5, 6, 7, 10, 18, 31].reduce(
  (set, bit) => set | (1n << BigInt(bit)),
  0n,
)
/** Tunnels that the kernel makes in every network namespace; they are down and lead nowhere. */
const FALLBACK_DEVICES = /^(lo|tunl0|gre0|gretap0|erspan0|ip_vti0|ip6_vti0|sit0|ip6tnl0|ip6gre0)$/

/** A field of /proc/self/status of a process in the container. */
async function status(
  bench: IsolationBench,
  script: string,
  options = {},
): Promise<Map<string, string>> {
  const lines = await bench.lines(script, options)
  return new Map(lines.map((line) => [line.split(':')[0] ?? '', line.replace(/^[^:]*:\s*/, '')]))
}

const STATUS = 'cat /proc/self/status'

function capability(fields: ReadonlyMap<string, string>, name: string): bigint {
  return BigInt(`0x${fields.get(name) ?? 'missing'}`)
}

/** Whether the mount that covers a path is read-only, by lines of mountinfo. */
function isReadonly(mounts: readonly string[], path: string): boolean {
  let covering = { at: '', options: '' }
  for (const line of mounts) {
    const fields = line.split(' ')
    const [at = '', options = ''] = [fields[4], fields[5]]
    const covers = path === at || at === '/' || path.startsWith(`${at}/`)
    // The last of equal length lies on top.
    if (covers && at.length >= covering.at.length) covering = { at, options }
  }
  return covering.options.split(',').includes('ro')
}

const fileTests: readonly IsolationTest[] = [
  {
    title: 'leaves the files of its root as they are, whatever the container does to them',
    async run(bench) {
      const before = fingerprint(bench.root.path)
      const damage = [
        // Should the driver isolate nothing, this must not be the host.
        "grep -q 'as it was' /etc/canary || exit 99",
        'echo changed > /etc/canary',
        'rm -rf /keep',
        'mv /etc /etc-moved',
        'chmod 777 /bin/busybox',
        'mkdir /new; echo x > /new/file',
        'ln /etc-moved/canary /link; ln -s / /symlink',
        'truncate -s 0 /etc-moved/passwd',
        'rm -f /bin/sh',
        'rm -rf /bin',
      ]
      const result = await bench.run(['/bin/sh', '-c', damage.join('\n')])
      assert.ok(result.ok, result.stderr)
      assert.deepEqual(fingerprint(bench.root.path), before)
      const again = await bench.lines('cat /etc/canary /keep/file; ls -d /new 2>/dev/null || true')
      assert.deepEqual(again, ['as it was', 'kept'], 'and the next container has them again')
    },
  },
  {
    title: 'lists what a container changed',
    async run(bench) {
      await using container = await bench.create()
      const script =
        'echo more >> /etc/canary; mkdir /made; echo new > /made/file; rm -r /keep/deep'
      assert.ok((await container.exec('/bin/sh', ['-c', script])).ok)
      const changes = new Map<string, string>()
      for await (const { path, kind, type } of container.changes()) {
        changes.set(path, `${kind} ${type}`)
      }
      const expected = {
        '/etc/canary': 'modified file',
        '/made': 'added directory',
        '/made/file': 'added file',
        '/keep/deep': 'deleted directory',
      }
      assert.deepEqual(Object.fromEntries(changes), expected)
    },
  },
  {
    title: 'lists no change for a container that changed nothing',
    async run(bench) {
      await using container = await bench.create()
      assert.ok((await container.exec('/bin/ls', ['-lR', '/etc'])).ok)
      for await (const change of container.changes()) assert.fail(JSON.stringify(change))
    },
  },
  {
    title: 'refuses every write to a read-only root, and still runs',
    async run(bench) {
      const before = fingerprint(bench.root.path)
      const script =
        'for f in /x /etc/canary /keep/x /bin/x; do (echo x >> $f) 2>/dev/null && echo wrote $f; done; echo done'
      assert.deepEqual(await bench.lines(script, { readonlyRoot: true }), ['done'])
      assert.deepEqual(fingerprint(bench.root.path), before)
    },
  },
  {
    title: 'mounts what the caller names: read-only unless asked otherwise, and fresh memory',
    async run(bench) {
      bench.needsLocal()
      const host = mkdtempSync(join(tmpdir(), 'caisson-kit-mount-'))
      try {
        chmodSync(host, 0o777)
        writeFileSync(join(host, 'given'), 'from outside\n')
        const mounts = [
          { kind: 'bind', from: host, to: '/rw', readonly: false },
          { kind: 'bind', from: host, to: '/ro' },
          { kind: 'tmpfs', to: '/mem', size: '1MiB' },
        ] as const
        const script = `cat /ro/given; (echo x > /ro/x) 2>/dev/null || echo refused; echo out > /rw/written
          (head -c 2000000 /dev/zero > /mem/big) 2>/dev/null || echo full`
        const lines = await bench.lines(script, { mounts })
        assert.deepEqual(lines, ['from outside', 'refused', 'full'])
        assert.equal(readFileSync(join(host, 'written'), 'utf8'), 'out\n')
      } finally {
        rmSync(host, { recursive: true, force: true })
      }
    },
  },
]

const nestedMounts: readonly IsolationTest[] = [
  {
    title:
      'mounts inside a writable mount, at a place that it makes there for the container’s root',
    async run(bench) {
      bench.needsLocal()
      const host = mkdtempSync(join(tmpdir(), 'caisson-kit-nested-'))
      try {
        const mounts = [
          { kind: 'bind', from: host, to: '/rw', readonly: false },
          { kind: 'tmpfs', to: '/rw/deep/inner', size: '1MiB' },
        ] as const
        const script = 'grep -c " /rw/deep/inner tmpfs " /proc/self/mounts; stat -c %u:%g /rw/deep'
        assert.deepEqual(await bench.lines(script, { mounts }), ['1', '0:0'])
        assert.ok(existsSync(join(host, 'deep/inner')), 'as a directory of the host')
      } finally {
        rmSync(host, { recursive: true, force: true })
      }
    },
  },
]

const surroundings: readonly IsolationTest[] = [
  {
    title: 'has namespaces of its own',
    async run(bench) {
      bench.needsLocal()
      const names = ['mnt', 'pid', 'net', 'ipc', 'uts', ...(bench.has('userns') ? ['user'] : [])]
      for (const name of names) {
        const inside = await bench.line(`readlink /proc/self/ns/${name}`)
        assert.notEqual(inside, readlinkSync(`/proc/self/ns/${name}`), name)
      }
    },
  },
  {
    title: 'sees its own processes only',
    async run(bench) {
      const pids = await bench.lines('ls /proc | grep -E "^[0-9]+$"')
      assert.ok(pids.length <= 5 && pids.every((pid) => Number(pid) < 32), pids.join(' '))
      const other = existsSync(`/proc/${process.pid}`) ? process.pid : 1
      const found = await bench.line(
        `[ -e /proc/${other}/cmdline ] && cat /proc/${other}/cmdline | wc -c || echo 0`,
      )
      assert.ok(other < 32 || found === '0', 'this process is not there')
    },
  },
  {
    title: 'has the host name asked for, never the host’s, and cannot change the host’s',
    async run(bench) {
      const before = hostname()
      assert.notEqual(await bench.line('hostname'), before)
      assert.equal(await bench.line('hostname', { hostname: 'inner' }), 'inner')
      await bench.run(['/bin/hostname', 'changed'])
      assert.equal(hostname(), before)
    },
  },
  {
    title: 'has no network but its own loopback',
    async run(bench) {
      const devices = (await bench.lines('cat /proc/net/dev')).slice(2)
      const names = devices.map((line) => line.trim().split(':')[0] ?? '')
      assert.ok(names.includes('lo'))
      assert.deepEqual(
        names.filter((name) => !FALLBACK_DEVICES.test(name)),
        [],
      )
      assert.equal((await bench.lines('cat /proc/net/route')).length, 1, 'no route')
      assert.match(await bench.line('ifconfig lo | grep -o "127\\.0\\.0\\.1"'), /^127/, 'lo is up')
    },
  },
  {
    title: 'has the devices that programs need, which work, and no others',
    async run(bench) {
      const blocks = await bench.lines('find /dev -type b')
      assert.deepEqual(blocks, [])
      const chars = await bench.lines('find /dev -xdev -type c | sort')
      const allowed = /^\/dev\/(null|zero|full|random|urandom|tty|ptmx|pts\/ptmx|console)$/
      assert.deepEqual(
        chars.filter((path) => !allowed.test(path)),
        [],
      )
      for (const name of ['null', 'zero', 'full', 'random', 'urandom', 'tty']) {
        assert.ok(chars.includes(`/dev/${name}`), name)
      }
      const script = `head -c 3 /dev/zero | wc -c; head -c 3 /dev/urandom | wc -c; cat /dev/null | wc -c
        (echo x > /dev/full) 2>/dev/null || echo full; echo x > /dev/null; echo y | cat /dev/stdin
        touch /dev/shm/x && echo shm`
      assert.deepEqual(await bench.lines(script), ['3', '3', '0', 'full', 'y', 'shm'])
    },
  },
  {
    title: 'cannot make or open a device of the host',
    async run(bench) {
      const script = `mknod /tmp/disk b 254 0 2>/dev/null; mknod /tmp/mem c 1 1 2>/dev/null
        for f in /tmp/disk /tmp/mem; do (head -c 1 $f) >/dev/null 2>&1 && echo opened $f; done; echo done`
      assert.deepEqual(await bench.lines(script), ['done'])
    },
  },
  {
    title: 'hides what the kernel tells about the host in /proc and /sys',
    async run(bench) {
      const files = ['kcore', 'keys', 'timer_list', 'kallsyms', 'interrupts', 'sysrq-trigger']
      for (const name of files) {
        const script = `head -c 1 /proc/${name} 2>/dev/null | wc -c`
        assert.equal(await bench.line(script), '0', `/proc/${name}`)
      }
      for (const path of ['/sys/firmware', '/sys/module', '/proc/acpi', '/proc/scsi']) {
        assert.equal(await bench.line(`ls ${path} 2>/dev/null | wc -l`), '0', path)
      }
    },
  },
  {
    title: 'has nothing in /proc and /sys that changes the host when it is written',
    async run(bench) {
      const mounts = await bench.lines('cat /proc/self/mountinfo')
      const paths = [
        '/proc/sys',
        '/proc/bus',
        '/proc/fs',
        '/proc/irq',
        '/proc/sysrq-trigger',
        '/sys',
      ]
      for (const path of paths) {
        if ((await bench.line(`[ -e ${path} ] && echo yes || echo no`)) === 'no') continue
        assert.ok(isReadonly(mounts, path), `${path} is on a read-only mount`)
      }
      // Writing nothing: opening for writing is what has to be refused.
      const script = `for f in /proc/sys/kernel/domainname /proc/sys/vm/swappiness /sys/power/state
        do (: >> $f) 2>/dev/null && echo $f; done; echo done`
      assert.deepEqual(await bench.lines(script), ['done'])
    },
  },
]

const privileges: readonly IsolationTest[] = [
  {
    title: 'can gain no new privileges, unless that is asked for',
    async run(bench) {
      assert.equal((await status(bench, STATUS)).get('NoNewPrivs'), '1')
      const open = await status(bench, STATUS, { allowNewPrivileges: true, seccomp: 'unconfined' })
      assert.equal(open.get('NoNewPrivs'), '0')
    },
  },
  {
    title: 'filters system calls exactly if its manifest says seccomp',
    async run(bench) {
      const mode = (await status(bench, STATUS)).get('Seccomp')
      assert.equal(mode, bench.has('seccomp') ? '2' : '0')
      // The next two are refused to unprivileged users by the filter alone, where there is one.
      if (!bench.has('seccomp')) return
      const script = 'unshare -U true 2>/dev/null && echo nested; echo done'
      assert.deepEqual(await bench.lines(script), ['done'])
    },
  },
  {
    title: 'has at most ten capabilities by default, and none to inherit',
    async run(bench) {
      const fields = await status(bench, STATUS)
      const bounding = capability(fields, 'CapBnd')
      assert.equal(bounding & ~MOST_CAPABILITIES, 0n, bounding.toString(16))
      assert.equal(capability(fields, 'CapPrm'), bounding)
      assert.equal(capability(fields, 'CapEff'), bounding)
      assert.equal(capability(fields, 'CapInh'), 0n)
      assert.equal(capability(fields, 'CapAmb'), 0n)
    },
  },
  {
    title: 'has exactly the capabilities asked for',
    async run(bench) {
      const cases = [
        [[], 0n],
        [['CHOWN'], 1n],
        [['NET_BIND_SERVICE', 'KILL'], (1n << 10n) | (1n << 5n)],
      ] as const
      for (const [capabilities, expected] of cases) {
        const fields = await status(bench, STATUS, { capabilities })
        for (const name of ['CapBnd', 'CapPrm', 'CapEff']) {
          assert.equal(capability(fields, name), expected, `${capabilities.join()} ${name}`)
        }
      }
    },
  },
  {
    title: 'gives no capability to a user other than 0',
    async run(bench) {
      if ((await bench.idCount()) === 1) return
      const fields = await status(bench, STATUS, { user: 'tester' })
      for (const name of ['CapPrm', 'CapEff', 'CapAmb', 'CapInh']) {
        assert.equal(capability(fields, name), 0n, name)
      }
    },
  },
  {
    title: 'hands down no descriptor but 0, 1 and 2',
    async run(bench) {
      // The shell's own descriptor of the directory is closed when it asks again.
      const script =
        'for f in /proc/$$/fd/*; do readlink $f >/dev/null 2>&1 && echo ${f##*/}; done; exit 0'
      assert.deepEqual(await bench.lines(script), ['0', '1', '2'])
    },
  },
  {
    title: 'cannot mount',
    async run(bench) {
      const script = `mount -t tmpfs none /tmp 2>/dev/null && echo tmpfs; mount -o bind /etc /tmp 2>/dev/null && echo bind
        umount /proc 2>/dev/null && echo umount; mount -o remount,rw /sys 2>/dev/null && echo remount; echo done`
      assert.deepEqual(await bench.lines(script), ['done'])
    },
  },
  {
    title: 'has user namespaces exactly if its manifest says userns',
    async run(bench) {
      bench.needsLocal()
      const inside = await bench.line('readlink /proc/self/ns/user')
      assert.equal(inside !== readlinkSync('/proc/self/ns/user'), bench.has('userns'))
    },
  },
]

export const boundaryTests: readonly IsolationTest[] = [
  ...fileTests,
  ...nestedMounts,
  ...surroundings,
  ...readonlyPathTests,
  ...privileges,
]
