// Builds the launcher: `node build-launcher.mjs [--asan | --fuzz | --analyze] [--quiet]`.
// Nothing is compiled when sources, compiler and flags are those of the last build.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as cc from './compiler.mjs'
import { faultsOf, inspectElf } from './elf.mjs'

const root = fileURLToPath(new URL('../', import.meta.url))
const build = join(root, 'build')
const options = new Set(process.argv.slice(2))
const say = (text) => options.has('--quiet') || console.log(text)

for (const option of options) {
  if (!['--asan', '--fuzz', '--analyze', '--quiet'].includes(option))
    stop(`unknown option ${option}`)
}

/** @returns {never} */
function stop(message) {
  console.error(message)
  return process.exit(1)
}

function sources() {
  const names = readdirSync(join(root, 'c')).toSorted()
  const program = names.filter(
    (n) => n.endsWith('.c') && !n.startsWith('fuzz') && !n.endsWith('-test.c'),
  )
  return { all: names.filter((n) => /\.[ch]$/.test(n)), program }
}

/** Changes when the result could. */
function stampOf(compilers, names) {
  const hash = createHash('sha256')
  const parts = [
    compilers.map((c) => [c.command, c.version]),
    process.arch,
    process.env.CI ?? '',
    process.env.CC ?? '',
  ]
  hash.update(JSON.stringify(parts))
  for (const script of ['build-launcher.mjs', 'compiler.mjs', 'elf.mjs']) {
    hash.update(readFileSync(new URL(script, import.meta.url)))
  }
  for (const name of names) hash.update(`\0${name}\0`).update(readFileSync(join(root, 'c', name)))
  return hash.digest('hex')
}

function compile(compiler, args) {
  const done = spawnSync(compiler.command, args, {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  })
  return {
    ok: done.status === 0,
    text: `${done.stderr ?? ''}${done.error ? done.error.message : ''}`,
  }
}

/** Links by the first way that makes a program without an interpreter; the old program stays until the new one is proven. */
function buildStatic(compilers, files, target) {
  const fresh = `${target}.${process.pid}`
  const failures = []
  for (const compiler of compilers) {
    const flags = [
      ...cc.commonFlags(compiler, root),
      ...cc.hardeningFlags(compiler),
      ...cc.kernelHeaders(compiler, build),
    ]
    for (const way of cc.linkings(compiler)) {
      const done = compile(compiler, [
        ...flags,
        ...way.compile,
        ...files,
        ...way.link,
        ...cc.LINK,
        '-s',
        '-o',
        fresh,
      ])
      const faults = done.ok ? faultsOf(inspectElf(fresh)) : [done.text]
      if (faults.length === 0) {
        if (done.text) console.error(done.text)
        // a slower C library must not come unnoticed
        if (failures.length > 0) console.error(`caisson: not built by ${failures.join('\n')}`)
        renameSync(fresh, target)
        return `${compiler.command}, ${way.name}`
      }
      failures.push(`${compiler.command} (${way.name}): ${faults.join('; ')}`)
      rmSync(fresh, { force: true })
    }
  }
  return stop(
    `caisson: the launcher could not be built.\n${failures.join('\n')}\n` +
      `If files of the C library or the kernel's headers are missing, these packages have them:\n${cc.PACKAGES}`,
  )
}

/** Instrumented programs for tests; never shipped, so dynamic is fine. */
function buildChecked(compiler, files, target) {
  const fresh = `${target}.${process.pid}`
  const flags = [
    '-O1',
    '-g',
    '-fsanitize=address,undefined',
    '-fno-sanitize-recover=undefined',
    '-fno-omit-frame-pointer',
  ]
  const done = compile(compiler, [
    ...cc.commonFlags(compiler, root),
    ...flags,
    ...files,
    '-o',
    fresh,
  ])
  if (!done.ok) {
    rmSync(fresh, { force: true })
    stop(
      `caisson: ${target} could not be built.\n${done.text}\n  Debian, Ubuntu:  apt-get install gcc libc6-dev`,
    )
  }
  if (done.text) console.error(done.text)
  renameSync(fresh, target)
  return `${compiler.command}, ASan and UBSan`
}

function analyze(compiler, files) {
  const flags = [
    ...cc.commonFlags(compiler, root),
    '-O2',
    '-fanalyzer',
    '-Werror',
    '-c',
    '-o',
    '/dev/null',
  ]
  let findings = 0
  for (const file of files) {
    const done = compile(compiler, [...flags, file])
    if (!done.ok) {
      findings++
      console.error(done.text)
    }
  }
  if (findings > 0) stop(`caisson: -fanalyzer complains about ${findings} of ${files.length} files`)
  say(`caisson: -fanalyzer has nothing to say about ${files.length} files`)
}

function main() {
  const { all, program } = sources()
  const host = cc.hostCompiler()
  const checked = options.has('--asan') || options.has('--fuzz') || options.has('--analyze')
  const compilers = checked ? [host].filter((c) => c !== undefined) : cc.launcherCompilers()
  if (compilers.length === 0) stop(cc.NO_COMPILER)
  const files = options.has('--fuzz')
    ? ['c/fuzz-decode.c', 'c/decode.c']
    : program.map((name) => `c/${name}`)
  if (options.has('--analyze')) return analyze(host, files)
  const name = options.has('--asan')
    ? 'caisson-launcher-asan'
    : options.has('--fuzz')
      ? 'fuzz-decode'
      : 'caisson-launcher'
  const target = join(build, name)
  const stampFile = `${target}.stamp`
  const stamp = stampOf(compilers, all)
  const last = existsSync(target) && existsSync(stampFile) ? readFileSync(stampFile, 'utf8') : ''
  if (last === stamp) return say(`caisson: ${name} is up to date`)
  mkdirSync(build, { recursive: true })
  const how = checked ? buildChecked(host, files, target) : buildStatic(compilers, files, target)
  writeFileSync(stampFile, stamp)
  return say(`caisson: built ${name} (${how})`)
}

main()
