// CVE-2016-0728 class, and keyrings are not namespaced: the session keyring of the caller would be the container's.
import { describeEscape } from '../describe-escape.js'

describeEscape({
  idea: 'keyrings',
  held: {
    'add a key': 'EPERM',
    'request a key': 'EPERM',
    'the session keyring': 'EPERM',
  },
  openings: [
    {
      by: "seccomp: 'unconfined'",
      options: {
        seccomp: 'unconfined',
      },
      further: ['add a key', 'request a key', 'the session keyring'],
    },
  ],
})
