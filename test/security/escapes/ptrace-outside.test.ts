// CVE-2016-9962 class: tracing processes outside, the caller of the launcher among them. They have no number inside.
import { spawn, type ChildProcess } from 'node:child_process'
import { describeEscape } from '../describe-escape.js'

let bystander: ChildProcess | undefined

before(() => {
  bystander = spawn('sleep', ['600'], { stdio: 'ignore' })
})
after(() => bystander?.kill('SIGKILL'))

describeEscape({
  idea: 'ptrace',
  attack: 'ptrace-outside',
  args: () => [String(bystander?.pid)],
  held: {
    'attach to a process outside': 'ESRCH',
    'read memory of a process outside': 'ESRCH',
    'take a descriptor of a process outside': 'ESRCH|EINVAL|EPERM',
  },
  outside: {
    further: [
      'attach to a process outside',
      'read memory of a process outside',
      'take a descriptor of a process outside',
    ],
    needs: [19],
  },
})
