// Crashes in containers of a machine whose kernel calls a program for each core dump: prints, as JSON, how often it was called for
// which container. Run in the machine, as root: `crash.js DIRECTORY`.
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chroot, createEngine, pivotRoot, type Spec } from 'caisson'

const [, , directory = ''] = process.argv
const helper = join(directory, 'helper')
const calls = join(directory, 'calls')
writeFileSync(helper, `#!/bin/sh\necho call >> ${calls}\n`)
chmodSync(helper, 0o755)
writeFileSync('/proc/sys/kernel/core_pattern', `|${helper} %p`)

const countCalls = (): number => (existsSync(calls) ? readFileSync(calls, 'utf8').length / 5 : 0)

/** Whose core is taken has not ended before the program that takes it has. */
async function callsOf(crash: () => PromiseLike<unknown>): Promise<number> {
  const before = countCalls()
  await crash()
  return countCalls() - before
}

const script = 'ulimit -c 0; ulimit -Sc 0; kill -SEGV $$'
const options: Readonly<Record<string, Omit<Spec, 'signal'>>> = {
  default: {},
  strict: { profile: 'strict' },
  unconfined: { seccomp: 'unconfined' },
  asked: { limits: { core: 0 } },
}
const found: Record<string, readonly number[]> = {}
for (const isolation of [pivotRoot(), chroot()]) {
  await using engine = await createEngine({
    isolation,
    from: 'busybox:',
    stateDir: join(directory, 'state'),
    dataDir: join(directory, 'data'),
  })
  for (const [name, given] of Object.entries(options)) {
    // of another kernel than ours
    const spec: typeof given = { ...given, allowDegraded: ['landlock', 'pids', 'memory'] }
    const byRun = await callsOf(() => engine.run(['sh', '-c', script], spec))
    await using container = await engine.create(spec)
    const byExec = await callsOf(() => container.exec('sh', ['-c', script]))
    found[`${isolation.name} ${name}`] = [byRun, byExec]
  }
}
console.log(JSON.stringify(found))
