import { describeInMachine } from './machine-suite.js'

// What needs cgroup v2 with its controllers. Where the host itself has that, the same files run there as well.
const specs = ['packages/launcher/dist-test/cgroups.test.js']

if (process.getuid?.() === 0) {
  describeInMachine({ title: 'cgroup v2, in a machine of its own, as root', specs, machine: {} })
}

// Ids of whoever runs this: a checkout may be for its owner's eyes only.
const own = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
describeInMachine({
  title: 'cgroup v2, in a machine of its own, as an ordinary user whom a tree was given',
  specs,
  machine: { user: own.uid === 0 ? { uid: 1000, gid: 1000 } : own, delegate: true },
})
