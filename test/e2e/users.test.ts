import { expect } from 'chai'
import { createEngine, type Container, type PresetEngine, type DefaultLimits } from 'caisson'
import { rejection } from './rejection.js'

/** The rules of moby/sys/user and container-libs: digits are never a name, and a hostile passwd never hangs nor wins. */
describe('users of commands', function () {
  this.timeout(30_000)
  let engine: PresetEngine<DefaultLimits>
  let container: Container
  let many: boolean
  // not by id, which reads the passwd too
  const whoami =
    'while read -r k id _; do case $k in Uid:) u=$id;; Gid:) g=$id;; esac; done </proc/self/status; echo $u:$g'

  before(async () => {
    engine = await createEngine()
  })
  after(() => engine[Symbol.asyncDispose]())
  beforeEach(async () => {
    container = await engine.create({ from: 'busybox:' })
    many =
      (await container.sh('wc -l </proc/self/uid_map; cut -c 22- /proc/self/uid_map')).stdout
        .trim()
        .split(/\s+/)
        .at(-1) !== '1'
  })
  afterEach(() => container.remove())

  const passwd = async (text: string | Uint8Array): Promise<void> => {
    const stdin = typeof text === 'string' ? Buffer.from(text) : text
    expect((await container.sh('rm -f /etc/passwd; cat >/etc/passwd', { stdin })).ok).to.equal(true)
  }

  /** What came of a user: its ids, or the code of the error. */
  const outcome = async (user: string | number): Promise<string> => {
    const exec = container.sh(whoami, { user, timeout: '5s' })
    return exec.then(
      (result) => (result.reason === 'exit' ? result.stdout.trim() : result.reason),
      (error: { code?: string }) => error.code ?? 'an error without a code',
    )
  }

  /** With one id, every other user is one that this host cannot give. */
  const ids = (wanted: string): string[] => (many ? [wanted] : ['ERR_USER_NOT_FOUND', 'ERR_LAUNCH'])

  it('are ids where they are digits, in range, and refused before anything runs elsewhere', async () => {
    await passwd(
      'root:x:0:0::/root:/bin/sh\n99999999999:x:0:0::/:/bin/sh\n4294967295:x:0:0::/:/bin/sh\n',
    )
    expect(await outcome('0')).to.equal('0:0')
    expect(await outcome('root')).to.equal('0:0')
    expect(ids('1:1')).to.include(await outcome('1'))
    const refused = [
      '-1',
      '4294967295',
      '4294967296',
      '99999999999',
      '1:',
      ':1',
      'root:',
      '0x0',
      '1 ',
      '',
      '0:-1',
      '0:4294967295',
      '1:2:3',
      '00000000000000000000001x',
    ]
    for (const user of refused)
      expect(await outcome(user), `user ${JSON.stringify(user)}`).to.equal('ERR_INVALID_SPEC')
    for (const user of [-1, 2 ** 32 - 1, 1.5, Number.NaN])
      expect(await outcome(user)).to.equal('ERR_INVALID_SPEC')
  })

  it('are looked up in the container, by a name that is exactly theirs', async () => {
    await passwd('root:x:0:0::/root:/bin/sh\nann:x:7:8::/home/ann:/bin/sh\n')
    expect(ids('7:8')).to.include(await outcome('ann'))
    expect(ids('7:0')).to.include(await outcome('ann:0'))
    for (const user of ['an', 'ann2', 'Ann', 'nobody-here']) {
      expect(await outcome(user), user).to.equal('ERR_USER_NOT_FOUND')
    }
  })

  it('have the groups asked for, ids and names', async function () {
    if (!many) {
      console.log(
        '      skipped: this user has no subordinate ids, so that there is one group only',
      )
      this.skip()
    }
    await container.sh('echo staff:x:50: >>/etc/group')
    const { stdout } = await container.sh('id -G', { user: '7:8', groups: ['staff', 99] })
    expect(stdout.trim().split(' ').toSorted()).to.deep.equal(['50', '8', '99'])
    const unknown = container.sh('id -G', { groups: ['nowhere'] })
    expect(await rejection(unknown)).to.include({ code: 'ERR_USER_NOT_FOUND' })
  })

  const hostile: Readonly<Record<string, { make: string; ann: readonly string[] }>> = {
    'a FIFO': { make: 'mkfifo /etc/passwd', ann: ['ERR_USER_NOT_FOUND', 'ERR_LAUNCH'] },
    'a directory': { make: 'mkdir /etc/passwd', ann: ['ERR_USER_NOT_FOUND', 'ERR_LAUNCH'] },
    'a link to a device': {
      make: 'ln -s /dev/zero /etc/passwd',
      ann: ['ERR_USER_NOT_FOUND', 'ERR_LAUNCH'],
    },
    'a link to itself': {
      make: 'ln -s passwd /etc/passwd',
      ann: ['ERR_USER_NOT_FOUND', 'ERR_LAUNCH'],
    },
    'not there': { make: 'true', ann: ['ERR_USER_NOT_FOUND'] },
    'one endless line': {
      make: 'head -c 8388608 /dev/zero | tr "\\0" a >/etc/passwd',
      ann: ['ERR_USER_NOT_FOUND'],
    },
    huge: {
      make: 'yes "bob:x:1:1::/:/bin/sh" | head -c 8388608 >/etc/passwd; echo ann:x:0:0::/: >>/etc/passwd',
      ann: ['ERR_USER_NOT_FOUND'],
    },
    binary: { make: 'head -c 65536 /dev/urandom >/etc/passwd', ann: ['ERR_USER_NOT_FOUND'] },
    'with a negative id': { make: 'echo ann:x:-1:0::/: >/etc/passwd', ann: ['ERR_USER_NOT_FOUND'] },
    'with an id out of range': {
      make: 'echo ann:x:4294967296:0::/: >/etc/passwd',
      ann: ['ERR_USER_NOT_FOUND'],
    },
    'with half a line': { make: 'printf ann:x:0 >/etc/passwd', ann: ['ERR_USER_NOT_FOUND'] },
  }
  for (const [what, { make, ann }] of Object.entries(hostile)) {
    it(`are not to be had of a passwd that is ${what}, and root still is`, async () => {
      expect((await container.sh(`rm -f /etc/passwd; ${make}`)).ok).to.equal(true)
      expect(ann).to.include(await outcome('ann'))
      expect(await outcome(0)).to.equal('0:0')
      expect(ids('1:1')).to.include(await outcome(1))
    })
  }

  it('are found in a passwd with line ends of another system', async () => {
    await passwd('root:x:0:0::/root:/bin/sh\r\nann:x:7:8::/home/ann:/bin/sh\r\n')
    expect(ids('7:8')).to.include(await outcome('ann'))
  })
})
