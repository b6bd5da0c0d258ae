import { chroot } from '@caisson/driver-chroot'
import { expect } from 'chai'
import { Containers } from './support/containers.js'

/** The classic climb: a root below the working directory does not hold it. */
const climb = `mkdir "/climb"; chroot("/climb") or do { print "refused"; exit };
  chdir("..") for 1..64; chroot(".") or die "chroot: $!";
  opendir my $d, "/"; print join " ", sort grep !/^\\.\\.?$/, readdir $d`

describe('chroot', () => {
  let containers: Containers
  before(() => {
    containers = new Containers(chroot())
  })
  after(() => containers.close())

  it('has a fresh /tmp of its own that is not part of the root', async function () {
    const program =
      'open F, "/proc/self/mounts"; print grep m{^\\S+ /tmp tmpfs }, <F>; print glob "/tmp/*"'
    expect(await containers.perl(this, program)).to.match(
      /^none \/tmp tmpfs rw,nosuid,nodev,[^\n]*\n$/,
    )
  })

  it('refuses chroot to the container by default', async function () {
    expect(await containers.perl(this, climb)).to.equal('refused')
  })

  // If this ever fails, what README and probe say of this driver is no longer true: then they have to change.
  it('does not hold a task that was given CAP_SYS_CHROOT: it climbs out to what parked the root', async function () {
    const found = await containers.perl(this, climb, {
      capabilities: ['SYS_CHROOT', 'DAC_OVERRIDE'],
    })
    expect(found.split(' ')).to.include.members(['.root', '.upper', 'empty', 'l'])
  })

  it('finds nothing of the host where it climbs out to', async function () {
    const found = await containers.perl(this, climb, {
      capabilities: ['SYS_CHROOT', 'DAC_OVERRIDE'],
    })
    expect(found.split(' ')).not.to.include.members(['etc'])
    expect(found.split(' ')).to.have.length.below(10)
  })

  it('says in its probe that it is no boundary', async () => {
    const { degraded } = await containers.probe()
    expect(degraded[0]).to.match(/no security boundary/)
  })
})
