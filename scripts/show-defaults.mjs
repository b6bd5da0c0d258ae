// Prints what a container finds itself to be, by default and with `profile: 'strict'`: `node scripts/show-defaults.mjs`, after a build.
// The test test/security/defaults.test.ts measures the same and knows what it must be.
import { createEngine } from 'caisson'
import { printTable } from '../bench/table.mjs'
import { measure } from '../test/dist/security/measured-defaults.js'

const rows = [
  'user groups ids CapInh CapPrm CapEff CapBnd CapAmb no_new_privs seccomp interfaces dev dev-core proc sys',
  'rlimit-open rlimit-core rlimit-locked rlimit-processes rlimit-file rlimit-stack rlimit-cpu oom',
  'write-root write-tmp exec-tmp hostname env umask fds cwd',
]
  .join(' ')
  .split(' ')

/** How many of a kind there are, and what is not as the first says. */
function summary(found, prefix) {
  const entries = Object.entries(found).filter(([name]) => name.startsWith(prefix))
  const kinds = [...new Set(entries.map(([, text]) => text))]
  return kinds
    .map((kind) => `${entries.filter(([, text]) => text === kind).length} ${kind}`)
    .join(', ')
}

function mounts(found) {
  const all = Object.entries(found).filter(([name]) => name.startsWith('mount/'))
  const without = (flag) => all.filter(([, text]) => !text.split(' ')[0].split(',').includes(flag))
  return [
    `${all.length}`,
    ...['nosuid', 'nodev', 'noexec'].map((flag) => `${without(flag).length} without ${flag}`),
  ].join(', ')
}

const engine = await createEngine()
try {
  const strict = { profile: 'strict', allowDegraded: ['pids', 'memory'] }
  const [plain, closed] = [await measure(engine), await measure(engine, strict)]
  const ends = await Promise.all([engine.run(['true']), engine.run(['true'], strict)])
  printTable(
    [
      ['', 'default', 'strict'],
      ...rows.map((name) => [name, plain[name] ?? '', closed[name] ?? '']),
      ['hidden in /proc, /sys', summary(plain, 'hidden/'), summary(closed, 'hidden/')],
      ['read-only in /proc', summary(plain, 'readonly/'), summary(closed, 'readonly/')],
      ['mounts', mounts(plain), mounts(closed)],
      ['limits enforced', ...ends.map(({ enforced }) => enforced.join(' '))],
      ['degraded', ...ends.map(({ degraded }) => degraded.join('; '))],
    ],
    3,
  )
  for (const [n, name] of ['default', 'strict'].entries()) {
    console.log(`\n${name}: ${ends[n].protections.join(' ')}`)
  }
} finally {
  await engine[Symbol.asyncDispose]()
}
