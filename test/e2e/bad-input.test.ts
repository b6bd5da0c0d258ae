import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { createEngine, type PresetEngine, type DefaultLimits, type RunOptions } from 'caisson'
import { expectNothingLeft, takeStock } from './leftovers.js'

interface Refusal {
  readonly title: string
  readonly argv?: readonly string[]
  readonly options?: RunOptions<DefaultLimits>
  readonly code: string
  readonly field?: string
}

describe('bad input', function () {
  this.timeout(30_000)
  let engine: PresetEngine<DefaultLimits>
  let place: string

  before(async () => {
    place = mkdtempSync(join(tmpdir(), 'caisson-bad-input-'))
    chmodSync(place, 0o755)
    mkdirSync(join(place, 'outside'))
    writeFileSync(join(place, 'file'), '')
    engine = await createEngine()
    // the launcher and its pools are there from now on
    await engine.run(['true'])
  })

  after(async () => {
    await engine[Symbol.asyncDispose]()
    rmSync(place, { recursive: true })
  })

  async function refusalOf(
    argv: readonly string[],
    options: RunOptions<DefaultLimits>,
  ): Promise<unknown> {
    try {
      return await engine.run(argv, options)
    } catch (error) {
      return error
    }
  }

  const huge = 'x'.repeat(140_000)
  const refusals: readonly Refusal[] = [
    { title: 'no argv', argv: [], code: 'ERR_INVALID_SPEC', field: 'argv' },
    { title: 'NUL in argv', argv: ['echo', 'a\0b'], code: 'ERR_INVALID_SPEC', field: 'argv[1]' },
    {
      title: 'one argument of 140 kB',
      argv: ['echo', huge],
      code: 'ERR_ARGV_TOO_LARGE',
      field: 'argv[1]',
    },
    {
      title: 'argv of 2 MB',
      argv: ['echo', ...Array.from({ length: 21 }, () => 'y'.repeat(100_000))],
      code: 'ERR_ARGV_TOO_LARGE',
    },
    {
      title: 'no such user',
      options: { user: 'nobody-has-this-name' },
      code: 'ERR_USER_NOT_FOUND',
      field: 'user',
    },
    {
      title: 'a working directory that is missing',
      options: { cwd: '/not/there' },
      code: 'ERR_CWD',
      field: 'cwd',
    },
    {
      title: 'a working directory that is a file',
      options: { cwd: '/etc/passwd' },
      code: 'ERR_CWD',
      field: 'cwd',
    },
    {
      title: 'a working directory that leads out of the container',
      options: { cwd: '/proc/1/cwd' },
      code: 'ERR_CWD',
      field: 'cwd',
    },
    {
      title: 'a relative working directory',
      options: { cwd: 'tmp' },
      code: 'ERR_INVALID_SPEC',
      field: 'cwd',
    },
    {
      title: 'a root that is missing',
      options: { from: 'dir:/not/there' },
      code: 'ERR_ROOTFS_NOT_FOUND',
      field: 'from',
    },
    {
      title: 'a scheme nobody knows',
      options: { from: 'floppy:a' },
      code: 'ERR_ROOTFS_SCHEME',
      field: 'from',
    },
    {
      title: 'an unknown capability',
      options: { capabilities: ['FLY'] },
      code: 'ERR_CAPABILITY_UNKNOWN',
      field: 'capabilities[0]',
    },
    {
      title: 'a negative limit',
      options: { limits: { openFiles: -1 } },
      code: 'ERR_LIMIT_RANGE',
      field: 'limits.openFiles',
    },
    {
      title: 'a limit beyond all numbers',
      options: { limits: { cpuTime: 1e300 } },
      code: 'ERR_LIMIT_RANGE',
      field: 'limits.cpuTime',
    },
    {
      title: 'a negative timeout',
      options: { timeout: -5 },
      code: 'ERR_INVALID_SPEC',
      field: 'timeout',
    },
    {
      title: 'a mount over the root',
      options: { mounts: [{ kind: 'tmpfs', to: '/' }] },
      code: 'ERR_MOUNT_TARGET',
      field: 'mounts[0].to',
    },
    {
      title: 'a mount outside the root',
      options: { mounts: [{ kind: 'tmpfs', to: '/../../etc' }] },
      code: 'ERR_MOUNT_TARGET',
      field: 'mounts[0].to',
    },
    {
      title: 'a mount over /proc',
      options: { mounts: [{ kind: 'tmpfs', to: '/proc/self' }] },
      code: 'ERR_MOUNT_TARGET',
      field: 'mounts[0].to',
    },
    {
      title: 'a mount of what is not there',
      options: { mounts: [{ kind: 'bind', from: '/not/there', to: '/mnt' }] },
      code: 'ERR_MOUNT_SOURCE',
    },
    {
      title: 'NUL in the environment',
      options: { env: { A: 'b\0c' } },
      code: 'ERR_INVALID_SPEC',
      field: 'env.A',
    },
  ]

  for (const { title, argv = ['true'], options = {}, code, field } of refusals) {
    it(`${title} is ${code}${field === undefined ? '' : `, names ${field}`} and leaves nothing behind`, async () => {
      const before = takeStock()
      const error = await refusalOf(argv, options)
      expect(error).to.be.instanceOf(Error)
      expect(error).to.include({ code, ...(field === undefined ? {} : { field }) })
      await expectNothingLeft(before)
    })
  }

  it('a root that is a file is ERR_ROOTFS_NOT_DIRECTORY', async () => {
    const error = await refusalOf(['true'], { from: `dir:${join(place, 'file')}` })
    expect(error).to.include({ code: 'ERR_ROOTFS_NOT_DIRECTORY', field: 'from' })
  })

  it('an unknown field is refused with the one that was meant', async () => {
    // @ts-expect-error: there is no such option
    const error = await refusalOf(['true'], { timout: 5 })
    expect(error).to.include({ code: 'ERR_INVALID_SPEC', field: 'timout' })
    expect(String(error)).to.include('timeout')
  })

  it('5,000 variables arrive', async () => {
    const names = Array.from({ length: 5000 }, (_, i) => `NAME_${i}`)
    const env = Object.fromEntries(names.map((name) => [name, 'value']))
    const { stdout } = await engine.run(['sh', '-c', 'env | grep -c NAME_'], { env })
    expect(stdout).to.equal('5000\n')
  })

  it('a command that is not there is a result with exit code 127', async () => {
    const { exitCode, reason, error } = await engine.run(['not-there'])
    expect([exitCode, reason, error?.code]).to.deep.equal([127, 'exit', 'ERR_COMMAND_NOT_FOUND'])
  })

  it('a command that cannot be executed is a result with exit code 126', async () => {
    const { exitCode, reason, error } = await engine.run(['/etc/passwd'])
    expect([exitCode, reason, error?.code]).to.deep.equal([
      126,
      'exit',
      'ERR_COMMAND_NOT_EXECUTABLE',
    ])
  })

  it('a script whose interpreter is missing is a result with exit code 127 that says so', async () => {
    await using container = await engine.create()
    await container.sh('printf "#!/no/such/thing\\n" > /tmp/script; chmod +x /tmp/script')
    for (const [name, env] of [
      ['/tmp/script', {}],
      ['script', { PATH: '/tmp' }],
    ] as const) {
      const { exitCode, error, stderr } = await container.exec(name, [], { env })
      expect([exitCode, error?.code]).to.deep.equal([127, 'ERR_COMMAND_NOT_FOUND'])
      expect(stderr).to.match(/interpreter/)
    }
  })

  it('a list of users that is none is ERR_USER_NOT_FOUND, and does not hang', async () => {
    const makers = {
      fifo: 'mkfifo /etc/passwd',
      loop: 'ln -s passwd /etc/passwd',
      device: 'ln -s /dev/zero /etc/passwd',
      'log of the kernel': 'ln -s /proc/kmsg /etc/passwd',
      'file of 10 GB': 'truncate -s 10G /etc/passwd',
      directory: 'mkdir /etc/passwd',
    }
    for (const [what, make] of Object.entries(makers)) {
      await using container = await engine.create()
      await container.sh(`rm /etc/passwd; ${make}`)
      let failure: unknown
      try {
        await container.exec('true', [], { user: 'daemon', timeout: 5000 })
      } catch (error) {
        failure = error
      }
      expect(failure, what).to.include({ code: 'ERR_USER_NOT_FOUND', field: 'user' })
    }
  })

  it('a root that holds something else where a mount belongs is refused, and nothing outside is touched', async () => {
    const outside = join(place, 'outside')
    const makers: Readonly<Record<string, (path: string) => void>> = {
      'link to the host': (path) => symlinkSync(outside, path),
      'link upwards': (path) => symlinkSync(`${'../'.repeat(12)}${outside}`, path),
      loop: (path) => symlinkSync(path.split('/').at(-1) ?? '', path),
      'dangling link': (path) => symlinkSync('/not/there', path),
      file: (path) => writeFileSync(path, ''),
    }
    let n = 0
    for (const target of ['proc', 'sys', 'dev']) {
      for (const [what, make] of Object.entries(makers)) {
        const root = join(place, `root-${n++}`)
        mkdirSync(root)
        make(join(root, target))
        const error = await refusalOf(['/true'], { from: `dir:${root}` })
        expect(error, `${target}: ${what}`).to.include({ code: 'ERR_MOUNT_TARGET' })
      }
    }
    expect(readdirSync(outside)).to.deep.equal([])
  })
})
