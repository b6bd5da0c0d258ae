import type { Submission, TestCase } from './judge.js'
import type { Verdict } from './verdict.js'

/** The task: two numbers in a line, their sum as the answer. */
export const tests: readonly TestCase[] = [
  { input: '1 2\n', answer: '3\n' },
  { input: '-5 5\n', answer: '0\n' },
  { input: '40000 2\n', answer: '40002\n' },
]

/** A program, and what the judge should say of it. */
export interface Sample extends Submission {
  readonly name: string
  readonly verdict: Verdict
}

function c(name: string, verdict: Verdict, body: string): Sample {
  const head = '#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <unistd.h>\n'
  const source = `${head}int main(void) { int a, b; if (scanf("%d %d", &a, &b) != 2) return 9; ${body} }\n`
  return { language: 'c', name, verdict, source }
}

function python(name: string, verdict: Verdict, body: string): Sample {
  return {
    language: 'python',
    name,
    verdict,
    source: `a, b = map(int, input().split())\n${body}\n`,
  }
}

function shell(name: string, verdict: Verdict, body: string): Sample {
  return { language: 'shell', name, verdict, source: `read -r a b\n${body}\n` }
}

export const samples: readonly Sample[] = [
  c('adds', 'AC', String.raw`printf("%d\n", a + b); return 0;`),
  c('adds shorts', 'WA', String.raw`printf("%d\n", (short)(a + b)); return 0;`),
  c('loops', 'TLE', 'for (volatile int i = 0;; i++) ;'),
  c('sleeps', 'TLE', 'for (;;) pause();'),
  c('wants memory', 'MLE', 'for (;;) memset(malloc(1 << 20), 1, 1 << 20);'),
  c('never stops talking', 'OLE', 'for (;;) puts("and another thing");'),
  c('follows a null pointer', 'RE', String.raw`printf("%d\n", *(volatile int *)0); return 0;`),
  c('says that it failed', 'RE', String.raw`printf("%d\n", a + b); return 3;`),
  c('forks without end', 'RE', 'for (;;) if (fork() < 0) return 1; else if (a < 0) pause();'),
  c('does not compile', 'CE', 'return sum(a, b)'),
  python('adds', 'AC', 'print(a + b)'),
  python('adds one more', 'WA', 'print(a + b + 1)'),
  python('loops', 'TLE', 'while True: pass'),
  python('wants memory', 'MLE', 'x = bytearray(1 << 30)\nprint(a + b)'),
  python('never stops talking', 'OLE', 'while True: print(a + b)'),
  python('raises', 'RE', 'print(a // 0)'),
  shell('adds', 'AC', 'echo $((a + b))'),
  shell('subtracts', 'WA', 'echo $((a - b))'),
  shell('loops', 'TLE', 'while :; do :; done'),
  shell('wants memory', 'MLE', 'x=$(yes | head -c 300000000); echo ${#x}'),
  shell('never stops talking', 'OLE', 'while :; do echo $((a + b)); done'),
  shell(
    'fills the disk',
    'OLE',
    'set -e\nfor i in 1 2 3; do yes | head -c 9000000 > /tmp/$i; done',
  ),
  shell('exits with 3', 'RE', 'exit 3'),
]
