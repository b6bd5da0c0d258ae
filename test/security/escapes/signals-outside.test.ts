// Signals, priorities and limits of processes outside, this one here among them. They have no number inside.
import { describeEscape } from '../describe-escape.js'

const names = [
  'signal a process outside',
  'signal a thread outside',
  'queue a signal outside',
  'pidfd of a process outside',
  'have the kernel signal a process outside',
  'priority of a process outside',
  'limits of a process outside',
]

describeEscape({
  idea: 'signals',
  attack: 'signals-outside',
  args: [String(process.pid)],
  held: Object.fromEntries(names.map((name) => [name, 'ESRCH'])),
  outside: { further: names },
})
