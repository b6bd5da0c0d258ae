import { pivotRoot } from '@caisson/driver-pivotroot'
import { expect } from 'chai'
import { Containers } from './support/containers.js'

/** The classic climb: a root below the working directory does not hold it. */
const climb = `mkdir "/climb"; chroot("/climb") or do { print "refused"; exit };
  chdir("..") for 1..64; chroot(".") or die "chroot: $!";
  opendir my $d, "/"; print join " ", sort grep !/^\\.\\.?$/, readdir $d`

describe('pivotRoot', () => {
  let containers: Containers
  before(() => {
    containers = new Containers(pivotRoot())
  })
  after(() => containers.close())

  it('leaves no mount in the namespace that lies outside the root', async function () {
    const mounts = await containers.perl(this, 'open F, "/proc/self/mountinfo"; print <F>')
    const lines = mounts
      .trim()
      .split('\n')
      .map((line) => line.split(' '))
    const ids = new Set(lines.map(([id]) => id))
    const outside = lines.filter(([, parent, , , at]) => at !== '/' && !ids.has(parent))
    expect(outside.map((fields) => fields.join(' '))).to.deep.equal([])
    expect(lines.filter(([, , , , at]) => at === '/')).to.have.length(1)
  })

  it('holds a task that climbs out of a chroot of its own, with CAP_SYS_CHROOT', async function () {
    expect(await containers.perl(this, climb)).to.equal('bin climb dev lib lib64 proc sys usr')
  })

  it('keeps the devices as they are, also by the covers of hidden files', async function () {
    const found = await containers.perl(
      this,
      'for (qw(/dev/null /dev/zero /proc/interrupts /proc/keys)) { print "$_ " if chmod 0600, $_ }',
    )
    expect(found).to.equal('')
  })

  it('has the kernel answer calls as the filter says', async function () {
    if (process.arch !== 'x64') {
      console.log('      skipped: the numbers are those of x86_64')
      this.skip()
    }
    const calls = {
      'keyctl EPERM': '250, 0, 0, 0',
      'bpf EPERM': '321, 0, 0, 0',
      'io_uring_setup EPERM': '425, 1, 0',
      'unshare(CLONE_NEWUSER) EPERM': '272, 0x10000000',
      'clone(CLONE_NEWUSER) EPERM': '56, 0x10000011, 0, 0, 0, 0',
      'clone3 ENOSYS': '435, 0, 0',
      'a number without a name ENOSYS': '400',
      'x32 getpid ENOSYS': '0x40000027',
      'AF_ALG EAFNOSUPPORT': '41, 38, 5, 0',
      'AF_VSOCK EAFNOSUPPORT': '41, 0x100000028, 1, 0',
      'NETLINK_AUDIT EINVAL': '41, 16, 3, 9',
      'TIOCSTI EPERM': '16, 0, 0x5412, 0',
      'TIOCSTI with high bits EPERM': '16, 0, 0x100005412, 0',
      'another ioctl ENOTTY': '16, 0, 0x5401, 0',
      'openat2 EINVAL': '437, -100, 0, 0, 0',
    }
    const names = '%n = (1, "EPERM", 22, "EINVAL", 25, "ENOTTY", 38, "ENOSYS", 97, "EAFNOSUPPORT");'
    const program = Object.entries(calls).map(
      ([title, args]) =>
        `$! = 0; syscall(${args}); print "${title.replace(/ \w+$/, '')} ", $n{$!+0} || $!+0, "\\n";`,
    )
    const answers = await containers.perl(this, names + program.join(''))
    expect(answers.trim().split('\n')).to.deep.equal(Object.keys(calls))
  })
})
