// Makes docs/security-rules.md out of test/security/rules.json. `--check` only compares and exits 1 when it is stale.
import { readFileSync, writeFileSync } from 'node:fs'
import { format } from 'prettier'

const root = new URL('../', import.meta.url)
const rules = JSON.parse(readFileSync(new URL('test/security/rules.json', root), 'utf8'))
const target = new URL('docs/security-rules.md', root)

const cell = (text) => text.replaceAll('|', '\\|')
const link = (path) => `[${path.split('/').at(-1)}](../${path})`

function row({ id, rule, where, tests, note }) {
  const files = [...new Set(tests.map(({ file }) => file))]
  const what = note === undefined ? rule : `${rule} (${note})`
  return `| ${id} | ${cell(what)} | ${where.map(link).join(' ')} | ${files.map(link).join(' ')} |`
}

const lines = [
  '# Rules of a start, and what proves them',
  '',
  'Made from `test/security/rules.json` by `scripts/generate-security-rules.mjs`; a test checks that every file and every test named',
  'there exists. `node scripts/prove-rules.mjs` takes the code of rules out, one after another, in a copy, and sees their tests fail.',
  '',
  '| | Rule | Where | Proved by |',
  '| --- | --- | --- | --- |',
  ...rules.map(row),
]
const text = await format(lines.join('\n'), { parser: 'markdown', printWidth: 100 })

if (!process.argv.includes('--check')) writeFileSync(target, text)
else if (readFileSync(target, 'utf8') !== text) {
  console.error('docs/security-rules.md is stale: run node scripts/generate-security-rules.mjs')
  process.exitCode = 1
}
