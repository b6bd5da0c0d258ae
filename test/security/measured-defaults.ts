import { readlinkSync } from 'node:fs'
import type { PresetEngine } from 'caisson'

type RunOptions = NonNullable<Parameters<PresetEngine['run']>[1]>

/** What a container is, told by a shell in it: a name, and what was found. */
export type Measured = Readonly<Record<string, string>>

const masked =
  'acpi asound interrupts kallsyms kcore keys latency_stats sched_debug scsi timer_list timer_stats'
    .split(' ')
    .map((name) => `/proc/${name}`)
const maskedSys = [
  '/sys/firmware',
  '/sys/fs/bpf',
  '/sys/fs/cgroup',
  '/sys/fs/selinux',
  '/sys/kernel/debug',
  '/sys/kernel/security',
  '/sys/kernel/tracing',
  '/sys/module',
  '/sys/devices/virtual/powercap',
  '/sys/devices/system/cpu/cpu0/thermal_throttle',
]
const readonlyProc = ['apm', 'bus', 'fs', 'irq', 'sys', 'sysrq-trigger'].map(
  (name) => `/proc/${name}`,
)
export const namespaces = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'user', 'uts']

/** Every line is `name: what was found`. Only what a shell, grep and a few coreutils can say. */
const script = `
exec 2>/dev/null
status() { while read -r name value; do [ "$name" = "$1:" ] && echo "$value" | tr -s '\\t ' ' '; done </proc/self/status; }
say() { n=$1; shift; echo "$n: $*"; }
say user $(status Uid) $(status Gid)
say groups $(status Groups)
say ids $(while read -r inside outside count; do echo $count; done </proc/self/uid_map)
for c in CapInh CapPrm CapEff CapBnd CapAmb; do say $c $(status $c); done
say no_new_privs $(status NoNewPrivs)
say seccomp $(status Seccomp)
for n in ${namespaces.join(' ')}; do say ns-$n $(readlink /proc/self/ns/$n); done
# hidden: there is nothing, or it is empty
for p in ${[...masked, ...maskedSys].join(' ')}; do
  if [ ! -e $p ]; then say hidden$p absent
  elif [ -d $p ]; then say hidden$p $([ -z "$(ls -A $p)" ] && echo empty || echo shown)
  else say hidden$p $([ -z "$(head -c 1 $p | tr -d '\\0')" ] && echo empty || echo shown); fi
done
for p in ${readonlyProc.join(' ')}; do
  if [ ! -e $p ]; then say readonly$p absent
  else say readonly$p $(while read -r a b c d at flags rest; do [ $at = $p ] && echo \${flags%%,*}; done </proc/self/mountinfo); fi
done
say dev $(ls /dev | sort)
say dev-core $([ -e /dev/core ] && echo there || echo absent)
say proc $(ls /proc | grep -v '^[0-9]' | sort | head -n 3)
say sys $(ls /sys | sort | head -n 3)
say hostname $(cat /proc/sys/kernel/hostname || hostname)
say env $(env | cut -d= -f1 | grep -v '^PWD$\\|^SHLVL$\\|^_$' | sort)
say interfaces $(grep : /proc/self/net/dev | cut -d: -f1)
say umask $(umask)
say fds $(ls /proc/self/fd | wc -l)
say oom $(cat /proc/self/oom_score_adj)
while read -r line; do case $line in 'Max open files'*|'Max core file'*|'Max locked'*|'Max processes'*|'Max file size'*|'Max stack'*|'Max cpu'*)
  set -- $line; shift; n=$1; [ $1 = core ] && shift; shift; [ "$1" = size ] || [ "$1" = time ] || [ "$1" = files ] || [ "$1" = memory ] && shift; say rlimit-$n $1 $2;; esac; done </proc/self/limits
say cwd $(pwd)
say write-root $(true >/written && echo yes || echo no)
say write-tmp $(true >/tmp/written && echo yes || echo no)
say exec-tmp $(cp /bin/true /tmp/try && /tmp/try && echo yes || echo no)
while read -r a b c d at flags rest; do say mount$at $flags \${rest#*- }; done </proc/self/mountinfo
`

/** Runs the script in a container with these options. */
export async function measure(engine: PresetEngine, options: RunOptions = {}): Promise<Measured> {
  const { stdout } = await engine.run(['/bin/sh', '-c', script], options)
  const lines = stdout.split('\n').filter((line) => line.includes(': ') || line.endsWith(':'))
  return Object.fromEntries(
    lines.map((line) => [
      line.slice(0, line.indexOf(':')),
      line.slice(line.indexOf(':') + 2).trim(),
    ]),
  )
}

/** The host's own namespaces, and how many entries its /proc has: what a container must not have. */
export function hostNamespaces(): Readonly<Record<string, string>> {
  return Object.fromEntries(namespaces.map((name) => [name, readlinkSync(`/proc/self/ns/${name}`)]))
}
