import { spawnSync } from 'node:child_process'
import { expect } from 'chai'
import { after, before, describe, it } from 'mocha'
import { createEngine, type DefaultLimits, type PresetEngine } from 'caisson'
import { expectNothingLeft, takeStock, type Leftovers } from './leftovers.js'
import { rejection } from './rejection.js'

const fill = 'dd if=/dev/zero of=/tmp/full bs=4096 count=10000 2>/dev/null'

describe('limits', function () {
  this.timeout(60_000)
  let engine: PresetEngine<DefaultLimits>
  let stock: Leftovers

  before(async () => {
    engine = await createEngine()
    await engine.run(['true'])
    stock = takeStock()
  })

  after(async () => {
    await expectNothingLeft(stock)
    await engine[Symbol.asyncDispose]()
  })

  describe('of the disk', () => {
    it('are the reason when a command fails for want of room', async () => {
      const result = await engine.run(['sh', '-c', fill], { limits: { disk: '1MiB' } })
      expect([result.reason, result.ok]).to.deep.equal(['disk-limit', false])
      expect(result.exitCode).to.be.greaterThan(0)
      expect(result.enforced).to.include('disk')
      expect(result.effective.disk).to.deep.equal({ size: 2 ** 20 })
    })

    it('are no reason while there is room, nor for a command that does not mind', async () => {
      const small = await engine.run(['sh', '-c', 'echo x > /tmp/x; exit 3'], {
        limits: { disk: '1MiB' },
      })
      expect([small.reason, small.exitCode]).to.deep.equal(['exit', 3])
      const brave = await engine.run(['sh', '-c', `${fill}; exit 0`], { limits: { disk: '1MiB' } })
      expect([brave.reason, brave.ok]).to.deep.equal(['exit', true])
    })

    it('count files as well as bytes', async () => {
      const script = 'i=0; while : > /tmp/$i; do i=$((i+1)); done; exit 5'
      const result = await engine.run(['sh', '-c', script], { limits: { disk: { inodes: 100 } } })
      expect(result.reason).to.equal('disk-limit')
      expect(result.effective.disk).to.deep.equal({ inodes: 100 })
    })

    it('hold for a container that stays, command by command', async () => {
      await using container = await engine.create({ limits: { disk: '1MiB' } })
      expect((await container.sh('exit 4')).reason).to.equal('exit')
      expect((await container.sh(fill)).reason).to.equal('disk-limit')
      await container.sh('rm /tmp/full')
      expect((await container.sh('exit 4')).reason).to.equal('exit')
    })

    it('are said once: by the limit or by the writable layer', async () => {
      const options = { limits: { disk: '1MiB' }, writable: { size: '2MiB' } } as const
      const error = await rejection(engine.run(['true'], options))
      expect(error).to.include({ code: 'ERR_INVALID_SPEC', field: 'limits.disk.size' })
    })

    it('cannot be changed later', async () => {
      await using container = await engine.create({ limits: { disk: '1MiB' } })
      const error = await rejection(container.update({ disk: '2MiB' }))
      expect(error).to.include({ code: 'ERR_UNSUPPORTED', field: 'limits.disk' })
    })
  })

  describe('of processes of one user', () => {
    // starts as many as it may, and says how many there were
    const count =
      'n=0; while [ $n -lt 20 ]; do (sleep 2 >/dev/null 2>&1 & echo x) 2>/dev/null || break; n=$((n+1)); done | wc -l'

    it('bind root in a container, whom the kernel would let off on the host', async function () {
      const { stdout } = await engine.run(['sh', '-c', count], { limits: { processes: 6 } })
      expect(Number(stdout)).to.be.lessThan(6)
      if (process.getuid?.() !== 0) return
      const free = spawnSync('prlimit', ['--nproc=6', 'sh', '-c', count], { encoding: 'utf8' })
      expect(free.stdout.trim(), free.stderr).to.equal('20')
    })
  })

  describe('of processes, changed while they run', () => {
    const limit = 'ulimit -n'

    it('reach every process, and commands to come', async () => {
      await using container = await engine.create({ limits: { openFiles: 100 } })
      // a child of a child that was there before, and tells when it is asked
      const asker = container.exec('sh', ['-c', `(while read -r x; do ${limit}; done); exit 0`], {
        stdin: 'pipe',
      })
      const answers = asker.lines()[Symbol.asyncIterator]()
      const ask = async (): Promise<string | undefined> => {
        asker.stdin.write('\n')
        const { value } = await answers.next()
        return value
      }
      expect(await ask()).to.equal('100')
      const updated = await container.update({ openFiles: 50, core: 4096 })
      expect(updated.notes).to.deep.equal([])
      expect(updated.effective.openFiles).to.deep.equal({ soft: 50, hard: 50 })
      expect(await ask()).to.equal('50')
      const later = await container.sh(`${limit}; grep core /proc/self/limits`)
      expect(later.stdout).to.match(/^50\nMax core file size +4096 +4096 /)
      expect(later.enforced).to.include.members(['openFiles', 'core'])
      expect(later.effective.core).to.deep.equal({ soft: 4096, hard: 4096 })
      asker.stdin.end()
      await asker
    })

    it('reach processes that are forked meanwhile', async () => {
      await using container = await engine.create({ limits: { processes: 400 } })
      // keeps forking, so that there is always one that was just made of one not yet changed
      const forks = container.sh('while :; do (sleep 0.02 & sleep 0.01) & sleep 0.005; done')
      await forks.pid
      await container.update({ openFiles: 33 })
      const count =
        'for p in /proc/[0-9]*; do [ $p = /proc/1 ] || grep "open files" $p/limits; done'
      const { stdout } = await container.sh(`(${count}) 2>/dev/null | sort | uniq -c`)
      expect(stdout.trim().split('\n').length, stdout).to.equal(1)
      expect(stdout).to.match(/ 33 +33 /)
      await forks.kill()
    })

    it('change nothing when one of them is out of range', async () => {
      await using container = await engine.create({ limits: { openFiles: 100 } })
      for (const limits of [{ openFiles: 0 }, { core: 1, openFiles: 2 ** 31 - 1 }]) {
        const error = await rejection(container.update(limits))
        expect(error).to.include({ code: 'ERR_LIMIT_RANGE', field: 'limits.openFiles' })
      }
      expect((await container.sh(limit)).stdout).to.equal('100\n')
    })

    it('end a command by the CPU time it is given later', async () => {
      await using container = await engine.create()
      const spin = container.sh('echo go; while :; do :; done')
      await new Promise((resolve) => spin.stdout.once('data', resolve))
      await container.update({ cpuTime: '1s' })
      expect((await spin).reason).to.equal('cpu-time')
    })

    it('are refused by a container that is stopped', async () => {
      await using container = await engine.create()
      await container.stop()
      const error = await rejection(container.update({ openFiles: 50 }))
      expect(error).to.include({ code: 'ERR_CONTAINER_STATE' })
    })
  })

  it('show in doctor() for each limit', async () => {
    const { drivers } = await engine.doctor()
    const rlimits = drivers.find(({ driver }) => driver === 'rlimits')
    expect(rlimits?.limits?.['cpuTime']).to.deep.include({ level: 'enforced' })
  })
})
