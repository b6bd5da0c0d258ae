// CVE-2021-3602, CVE-2020-14370: the caller's environment holds secrets; his groups and ids are powers.
import { describeEscape } from '../describe-escape.js'

const variable = 'CAISSON_TEST_SECRET'

before(() => {
  process.env[variable] = 'of the caller'
})
after(() => {
  delete process.env[variable]
})

describeEscape({
  idea: 'inherited',
  args: [variable, '99999'],
  held: {
    'a variable of the caller': 'ENOENT',
    'a variable of the caller in any environment': 'ENOENT',
    'groups of the caller': 'ENOENT',
    'a group that is not mapped': 'EINVAL|EPERM',
    'an id that is not mapped': 'EINVAL',
  },
  outside: {
    further: [
      'a variable of the caller',
      'a variable of the caller in any environment',
      'a group that is not mapped',
      'an id that is not mapped',
    ],
    env: { [variable]: 'of the caller' },
  },
})
