import { defaultIsolation } from '@caisson/core'
import { chroot } from '@caisson/driver-chroot'
import { expect } from 'chai'
import { Containers } from './support/containers.js'

/** The classic climb: a root below the working directory does not hold it. */
const climb = `mkdir "/climb"; chroot("/climb") or do { print "refused"; exit };
  chdir("..") for 1..64; chroot(".") or die "chroot: $!";
  opendir my $d, "/"; print join " ", sort grep !/^\\.\\.?$/, readdir $d`

const all = ['SYS_CHROOT', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'SYS_ADMIN', 'SYS_PTRACE']
const open = {
  capabilities: ['SYS_CHROOT', 'DAC_OVERRIDE'],
  isolation: { ...defaultIsolation, landlock: false },
}

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

  it('holds by Landlock a root task that was given CAP_SYS_CHROOT: it climbs out, and can open nothing there', async function () {
    const look = `${climb.slice(0, climb.indexOf('opendir'))}
      for (".", "l", ".upper", "empty") { print "$_ ", (opendir(my $d, "/$_") ? "open" : $!{EACCES} ? "denied" : $!), "\n" }
      print "write ", (open(F, ">", "/.upper/x") ? "open" : $!{EACCES} ? "denied" : $!), "\n";`
    const found = await containers.perl(this, look, { capabilities: all })
    expect(found).to.equal('. denied\nl denied\n.upper denied\nempty denied\nwrite denied\n')
  })

  it('leaves files of the container to a task that has climbed out', async function () {
    const look = `open K, "<", "/usr/bin/perl"; ${climb.slice(0, climb.indexOf('opendir'))}
      print read(K, my $b, 2), " ", (open(L, "<", "/.root/usr/bin/perl") ? "open" : $!)`
    expect(await containers.perl(this, look, { capabilities: all })).to.equal('2 open')
  })

  // If this ever fails, what README and probe say of this driver is no longer true: then they have to change.
  it('does not hold it without Landlock: it climbs out to what parked the root', async function () {
    const found = await containers.perl(this, climb, open)
    expect(found.split(' ')).to.include.members(['.root', '.upper', 'empty', 'l'])
  })

  it('finds nothing of the host where it climbs out to', async function () {
    const found = await containers.perl(this, climb, open)
    expect(found.split(' ')).not.to.include.members(['etc'])
    expect(found.split(' ')).to.have.length.below(10)
  })

  it('says in its probe that it is no boundary', async () => {
    const { degraded } = await containers.probe()
    expect(degraded[0]).to.match(/no security boundary/)
  })
})
