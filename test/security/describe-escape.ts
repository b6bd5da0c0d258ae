import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { createEngine, type PresetEngine, type Spec } from 'caisson'
import { escapes, isCaissonError, type Driver } from '@caisson/core'
import type { Escape, TerminalSize } from '@caisson/core'
import { buildAttacker, requireAttacker } from './build-attacker.js'
import { EscapeRoot } from './escape-root.js'
import { isolations } from './isolations.js'
import { readOutcomes, type Outcomes } from './outcomes.js'

type Options = Omit<Spec, 'signal'>

/** Names of outcomes, `|` between them. `OK` alone: that works, as it should. */
type Expected = Readonly<Record<string, string>>

/** A protection taken away, so that the attempts can be seen to be real. */
interface Opening {
  /** What is opened, in a word. */
  readonly by: string
  readonly options: Options
  /** These get further: their outcome is none of those held. */
  readonly further: readonly string[]
  /** Outcomes of others, which something else holds then. */
  readonly still?: Expected
}

/** The same attempts as root of the host, outside of every container; only where all of them are harmless there. */
interface Outside {
  readonly further: readonly string[]
  /** Numbers of the capabilities without which not even root gets further. */
  readonly needs?: readonly number[]
  /** Default: those of the idea. */
  readonly args?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
}

/** One idea of how to get out. */
export interface EscapeTest {
  readonly idea: Escape
  /** The attacker's word for it. Default: the idea. */
  readonly attack?: string
  readonly args?: readonly string[] | (() => readonly string[])
  /** How the container is made. Default: as the driver does by itself. */
  readonly options?: Options
  /** The command's terminal. Default: none. */
  readonly tty?: TerminalSize
  readonly held: Expected
  /** What else comes out where a container's root is the host's by number: a limit that the documents name. */
  readonly singleIdOfRoot?: Expected
  readonly openings?: readonly Opening[]
  readonly outside?: Outside
}

function has(capability: number): boolean {
  const [, bits = '0'] = /^CapEff:\s*(\w+)/m.exec(readFileSync('/proc/self/status', 'latin1')) ?? []
  return ((BigInt(`0x${bits}`) >> BigInt(capability)) & 1n) === 1n
}

/** Commands of an idea, in containers of one driver. */
class Bench {
  readonly driver: Driver<'isolation'>
  readonly #test: EscapeTest
  readonly #root: EscapeRoot
  readonly #engine: PresetEngine

  constructor(
    test: EscapeTest,
    driver: Driver<'isolation'>,
    root: EscapeRoot,
    engine: PresetEngine,
  ) {
    this.#test = test
    this.driver = driver
    this.#root = root
    this.#engine = engine
  }

  get #command(): readonly [string, string[]] {
    const { idea, attack = idea, args = [] } = this.#test
    return ['/bin/attacker', [attack, ...(typeof args === 'function' ? args() : args)]]
  }

  #options(more: Options = {}): Options {
    return {
      mounts: [{ kind: 'bind', from: this.#root.bound, to: '/bind', readonly: false }],
      ...this.#test.options,
      ...more,
    }
  }

  get #terminal(): { readonly tty?: TerminalSize } {
    return this.#test.tty === undefined ? {} : { tty: this.#test.tty }
  }

  /** Whether the user that the test needs is there: with a single id there is only root. */
  async hasUser(): Promise<boolean> {
    const { user } = this.#options()
    if (user === undefined) return true
    try {
      await this.#engine.run(['/bin/attacker', 'who'], { user })
      return true
    } catch (error) {
      if (isCaissonError(error) && error.code === 'ERR_USER_NOT_FOUND') return false
      throw error
    }
  }

  async run(more?: Options): Promise<Outcomes> {
    const [program, args] = this.#command
    const options = { ...this.#options(more), ...this.#terminal }
    const result = await this.#engine.run([program, ...args], options)
    return readOutcomes(result.unwrap().stdout)
  }

  async exec(): Promise<Outcomes> {
    const [program, args] = this.#command
    await using container = await this.#engine.create(this.#options())
    const result = await container.exec(program, args, this.#terminal)
    return readOutcomes(result.unwrap().stdout)
  }
}

function check(found: Outcomes, expected: Expected): void {
  const wrong = Object.entries(expected)
    .filter(([attempt, allowed]) => !allowed.split('|').includes(found.get(attempt) ?? 'nothing'))
    .map(([attempt, allowed]) => `${attempt}: ${found.get(attempt) ?? 'nothing'}, not ${allowed}`)
  expect(wrong).to.deep.equal([])
}

/** Attempts that got through and must not. */
function breaches(found: Outcomes, held: Expected): readonly string[] {
  return Object.keys(held).filter((name) => held[name] !== 'OK' && found.get(name) === 'OK')
}

function checkHeld(
  found: Outcomes,
  idea: Escape,
  held: Expected,
  driver: Driver<'isolation'>,
): void {
  expect([...found.keys()], 'every attempt has its outcome in the table').to.have.members(
    Object.keys(held),
  )
  if (!driver.notHeld.includes(idea)) {
    check(found, held)
    return
  }
  const why = `${driver.name} holds ${idea} now: take it out of \`notHeld\``
  expect(breaches(found, held), why).not.to.deep.equal([])
}

function checkFurther(found: Outcomes, held: Expected, further: readonly string[]): void {
  for (const attempt of further) {
    const outcome = found.get(attempt)
    expect(outcome, attempt).to.be.a('string')
    expect(held[attempt]?.split('|'), `${attempt}: no further than ${outcome}`).not.to.include(
      outcome,
    )
  }
}

/** What the kernel of this host does not have, it lets nobody have: then nothing can be shown. */
const absent = ['ENOENT', 'ENOSYS', 'ENODEV', 'EAFNOSUPPORT']

function testOutside(test: EscapeTest, outside: Outside): void {
  it('is real: as root of the host the attempts get further', function () {
    const lacks = (outside.needs ?? []).filter((capability) => !has(capability))
    if (process.getuid?.() !== 0 || lacks.length > 0) {
      console.log(`      skipped: needs root${lacks.map((n) => `, capability ${n}`).join('')}`)
      return this.skip()
    }
    const { idea, attack = idea, held } = test
    const args = outside.args ?? test.args ?? []
    const all = [attack, ...(typeof args === 'function' ? args() : args)]
    const { stdout } = spawnSync(buildAttacker() ?? '', all, {
      encoding: 'utf8',
      env: outside.env ?? {},
    })
    const found = readOutcomes(stdout)
    const there = outside.further.filter((name) => !absent.includes(found.get(name) ?? ''))
    checkFurther(found, held, there)
    return undefined
  })
}

/** Makes the attempts of an idea in containers of every driver, by `run` and by `exec`. */
export function describeEscape(test: EscapeTest): void {
  describe(`escape: ${escapes[test.idea]} (${test.attack ?? test.idea})`, function () {
    this.timeout(60_000)
    let root: EscapeRoot

    before(function () {
      root = new EscapeRoot(requireAttacker(this))
    })
    after(() => root?.[Symbol.dispose]())

    for (const { title, make, singleIdOfRoot } of isolations) {
      const held = { ...test.held, ...(singleIdOfRoot ? test.singleIdOfRoot : {}) }

      describe(title, () => {
        let bench: Bench
        let engine: PresetEngine

        before(async function () {
          const driver = make()
          engine = await createEngine({
            isolation: driver,
            from: `dir:${root.path}`,
            stateDir: root.stateDir,
            // what this table says of a limit that nobody enforces there is what is shown
            onUnsupported: singleIdOfRoot ? 'warn' : 'throw',
          })
          bench = new Bench(test, driver, root, engine)
          if (await bench.hasUser()) return
          console.log('      skipped: a container has no second user where it has a single id')
          this.skip()
        })
        after(() => engine?.[Symbol.asyncDispose]())

        it('is held, or not, as the manifest says (run)', async () => {
          checkHeld(await bench.run(), test.idea, held, bench.driver)
        })
        it('is held, or not, as the manifest says (exec)', async () => {
          checkHeld(await bench.exec(), test.idea, held, bench.driver)
        })
        for (const { by, options, further, still } of test.openings ?? []) {
          it(`${further.length > 0 ? 'gets further' : 'is held even'} when opened by ${by}`, async () => {
            const found = await bench.run(options)
            checkFurther(
              found,
              held,
              further.filter((name) => held[name] !== 'OK'),
            )
            check(found, still ?? {})
          })
        }
      })
    }
    if (test.outside !== undefined) testOutside(test, test.outside)
  })
}
