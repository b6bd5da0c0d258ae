// Lends a busybox root from a process of its own and prints the lease: for the test of several at once.
import { Scope } from '@caisson/core/di'
import { busyboxRootfs } from '@caisson/rootfs-local'

const provider = busyboxRootfs({ dataDir: process.argv[2] }).create(Scope.root())
process.stdin.once('data', async () => {
  const lease = await provider.lend({ id: 'a', reference: '' })
  console.log(JSON.stringify({ key: lease.key, lower: lease.parts[0].lowers[0] }))
  process.exit()
})
console.log('ready')
