import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { checkout } from '../architecture/checkout.js'
import { describeInMachine } from './machine-suite.js'

const script = join(checkout, 'test/vm/with-systemd.sh')
const specs = ['packages/driver-cgroupv2/dist-test/systemd.test.js']
// systemd is root of the machine, and so it does not matter who this is; the files are those of this user
const uid = process.getuid?.() === 0 ? 1234 : (process.getuid?.() ?? 0)

if (existsSync('/lib/systemd/systemd') && existsSync('/usr/bin/busctl')) {
  describeInMachine({
    title: 'scopes of a systemd, in a machine of its own, for an ordinary user',
    specs,
    machine: {},
    within: ['/bin/sh', script, String(uid)],
  })
} else {
  describe('scopes of a systemd', () => {
    it('need systemd on the host, whose files the machine sees', function () {
      console.log('      skipped: apt-get install systemd dbus-user-session')
      this.skip()
    })
  })
}
