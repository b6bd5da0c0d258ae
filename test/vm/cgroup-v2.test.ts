import { describeInMachine } from './machine-suite.js'

// What needs cgroup v2 with its controllers. Where the host itself has that, the same files run there as well.
const specs = [
  'packages/launcher/dist-test/cgroups.test.js',
  'packages/driver-cgroupv2/dist-test/cgroup-v2.test.js',
  'packages/driver-cgroupv2/dist-test/detached.test.js',
]

// Whoever runs this runs them in there, too: `.ci/run` does so as both.
const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0]
if (uid === 0) {
  describeInMachine({ title: 'cgroup v2, in a machine of its own, as root', specs, machine: {} })
} else {
  describeInMachine({
    title: 'cgroup v2, in a machine of its own, as an ordinary user whom a tree was given',
    specs,
    machine: { user: { uid, gid }, delegate: true },
  })
}
