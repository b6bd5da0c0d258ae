// CVE-2016-9962 class: tracing processes outside, the caller of the launcher among them. They have no number inside.
import { spawn, type ChildProcess } from 'node:child_process'
import { describeEscape } from '../describe-escape.js'

let bystander: ChildProcess | undefined

/** Begun when it is needed: hooks of a file run before all files, and a sleep has an end. */
function numberOfBystander(): string {
  bystander ??= spawn('sleep', ['600'], { stdio: 'ignore' })
  return String(bystander.pid)
}

after(() => bystander?.kill('SIGKILL'))

describeEscape({
  idea: 'ptrace',
  attack: 'ptrace-outside',
  args: () => [numberOfBystander()],
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
