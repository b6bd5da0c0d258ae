// The classic climb out of chroot(2): a task with CAP_SYS_CHROOT makes a root below its working directory, which then has no
// root above it any more. chroot() says in its manifest whether it holds it; that it does not grant the capability by itself
// is in packages/driver-chroot/test.
import { describeEscape } from '../describe-escape.js'

describeEscape({
  idea: 'chroot-climb',
  options: {
    capabilities: ['SYS_CHROOT', 'DAC_OVERRIDE'],
  },
  held: {
    'chroot, ascend, chroot': 'EXDEV|EACCES',
    'chroot, return by descriptor, ascend, chroot': 'EXDEV|EACCES',
    'chroot, ascend by name': 'EXDEV|EACCES',
  },
})
