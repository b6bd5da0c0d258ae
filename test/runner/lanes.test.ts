import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { processesWith } from '../e2e/processes-with.js'
import { waitUntil } from '../e2e/wait-until.js'
import { TestFiles, type Ran } from './test-files.js'

const passing = `it('passes', () => {}); it('passes too', () => {}); it.skip('is skipped', () => {})`
const failing = `it('fails', () => { throw new Error('as it should') })`
const endless = `function () { this.timeout(0); setInterval(() => {}, 1000); return new Promise(() => {}) }`

function talking(name: string): string {
  return `import { setTimeout as delay } from 'node:timers/promises'
    for (const i of [0, 1, 2, 3, 4]) it('says ' + i, async () => { console.log('${name} line ' + i); await delay(20) })`
}

function lastLine({ output }: Ran): string {
  return output.trimEnd().split('\n').at(-1) ?? ''
}

describe('tests run in lanes', function () {
  this.timeout(120_000)
  let files: TestFiles

  beforeEach(() => {
    files = new TestFiles()
  })
  afterEach(() => files[Symbol.dispose]())

  it('are green when all pass, and the last line is the sum', async () => {
    for (const name of ['one', 'two', 'three']) files.add(name, passing)
    const ran = await files.run()
    expect(lastLine(ran), ran.output).to.equal('6 passed, 0 failed, 3 skipped')
    expect(ran.code).to.equal(0)
  })

  it('are red when one fails, and its file, its name and what is wrong are told at the end', async () => {
    files.add('good', passing)
    const bad = files.add('bad', failing)
    const ran = await files.run()
    expect([ran.code, lastLine(ran)]).to.deep.equal([1, '2 passed, 1 failed, 1 skipped'])
    expect(ran.output.trimEnd().split('\n').slice(-4)).to.deep.equal([
      'Failed, with what is wrong further up:',
      `  ${bad}: fails: as it should`,
      '',
      '2 passed, 1 failed, 1 skipped',
    ])
  })

  const broken: Readonly<Record<string, readonly [string, RegExp]>> = {
    'leaves with success before its end': [
      `it('passes', () => {}); it('leaves', () => process.exit(0))`,
      /did not come to its end: exit code 0, in "leaves"/,
    ],
    'is killed': [
      `it('passes', () => {}); it('dies', () => process.kill(process.pid, 'SIGKILL'))`,
      /did not come to its end: .*, in "dies"/,
    ],
    'crashes after its last test': [
      `it('passes', () => { setTimeout(() => process.abort(), 500) })`,
      /FAILED .* after 0 failures/,
    ],
    'cannot be loaded': [
      `it('passes', () => {}); throw new Error('no')`,
      /did not come to its end/,
    ],
    'has no test': [`describe('nothing', () => {})`, /has no test/],
  }
  for (const [how, [text, told]] of Object.entries(broken)) {
    it(`are red when one ${how}`, async () => {
      files.add('good', passing)
      files.add('broken', text)
      const ran = await files.run()
      expect(ran.code).to.equal(1)
      expect(ran.output).to.match(told)
      expect(lastLine(ran)).to.match(/^[23] passed, 1 failed, 1 skipped$/)
    })
  }

  it('are red when one hangs, which is named and ended with all that it started', async () => {
    const marker = files.directory
    files.add('good', passing)
    const start = `spawn('sh', ['-c', 'while :; do sleep 1; done', '${marker}'], { stdio: 'inherit' })`
    const text = `import { spawn } from 'node:child_process'
      it('passes', () => {}); it('starts', () => { ${start} }); it('hangs', ${endless})`
    files.add('hanging', text)
    const ran = await files.run({ limitMs: 5000 })
    expect([ran.code, lastLine(ran)]).to.deep.equal([1, '4 passed, 1 failed, 1 skipped'])
    expect(ran.output).to.include('ended after 5 s, its time limit, in "hangs"')
    await waitUntil('all are gone', () => processesWith(marker).length === 0, 10_000)
  })

  it('are red when one does not stop after its last test', async () => {
    files.add('lingering', `it('passes', () => { setInterval(() => {}, 1000) })`)
    const ran = await files.run({ limitMs: 5000 })
    expect([ran.code, lastLine(ran)]).to.deep.equal([1, '1 passed, 1 failed, 0 skipped'])
  })

  it('are ended with the runner when it is asked to end', async () => {
    const began = join(files.directory, 'began')
    const text = `import { writeFileSync } from 'node:fs'
      it('hangs', () => { writeFileSync('${began}', ''); return (${endless}).call({ timeout() {} }) }).timeout(0)`
    files.add('hanging', text)
    const { child, ran } = files.start()
    await waitUntil('it runs', () => existsSync(began), 60_000)
    child.kill('SIGTERM')
    expect(await ran).to.have.property('code', 1)
    expect(lastLine(await ran)).to.match(/^0 passed, [12] failed, 0 skipped$/)
    await waitUntil('it is gone', () => processesWith(files.directory).length === 0, 10_000)
  })

  it('print what one says without a line of another in between', async () => {
    const said = Array.from({ length: 5 }, (_, i) => `line ${i}`)
    for (const name of ['one', 'two']) files.add(name, talking(name))
    const { output } = await files.run()
    const lines = output.split('\n').filter((line) => / line \d$/.test(line))
    const wholeOf = (name: string) => said.map((line) => `${name} ${line}`)
    expect([wholeOf('one').join(), wholeOf('two').join()]).to.have.members([
      lines.slice(0, 5).join(),
      lines.slice(5).join(),
    ])
  })

  it('run several at once, but for those that are to be alone, which come last', async () => {
    const log = join(files.directory, 'log')
    const text = (name: string) => `import { appendFileSync, readFileSync } from 'node:fs'
      import { setTimeout as delay } from 'node:timers/promises'
      it('logs', async () => {
        appendFileSync('${log}', '+${name} ')
        // the two that run at once see each other, or wait in vain
        while ('${name}'.startsWith('both') && readFileSync('${log}', 'utf8').split('+both').length < 3) await delay(10)
        appendFileSync('${log}', '-${name} ')
      }).timeout(60000)`
    const alone = ['alone1', 'alone2'].map((name) => files.add(name, text(name)))
    for (const name of ['both1', 'both2']) files.add(name, text(name))
    const ran = await files.run({ alone })
    expect(ran.code, ran.output).to.equal(0)
    const logged = readFileSync(log, 'utf8').trim().split(' ')
    expect(logged.slice(0, 2).toSorted()).to.deep.equal(['+both1', '+both2'])
    expect(logged.slice(4)).to.deep.equal(['+alone1', '-alone1', '+alone2', '-alone2'])
  })
})
