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
})
