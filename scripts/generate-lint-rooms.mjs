// Makes .oxlintrc.json from scripts/lint/base.json and the table of rooms, so that the rule and its test read one table.
// `--check` only compares and exits 1 when the file is stale.
import { readFileSync, writeFileSync } from 'node:fs'
import { format, resolveConfig } from 'prettier'

const read = (path) => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'))
const base = read('lint/base.json')
const { rooms, only } = read('lint/rooms.json')
const target = new URL('../.oxlintrc.json', import.meta.url)
const nameOf = (room) => (room === 'caisson' ? 'caisson' : `@caisson/${room}`)

// Gitignore-like groups: first everything of ours, then what this room may have.
function roomRule(room, allowed) {
  const mine = allowed.flatMap((name) => [`!${nameOf(name)}`, `!${nameOf(name)}/**`])
  const may = allowed.length === 0 ? 'no package of this workspace' : `only ${allowed.join(', ')}`
  const message = `packages/${room} may import ${may}: scripts/lint/rooms.json`
  return { group: ['@caisson/*', '@caisson/*/**', 'caisson', ...mine], message }
}

function onlyRules(file) {
  return Object.entries(only)
    .filter(([, place]) => place !== file)
    .map(([name, place]) => ({ name, message: `imported in ${place} alone; use @caisson/core/di` }))
}

const overrides = Object.entries(rooms).map(([room, allowed]) => ({
  files: [`packages/${room}/src/**`],
  rules: {
    'no-restricted-imports': ['error', { paths: onlyRules(), patterns: [roomRule(room, allowed)] }],
  },
}))
for (const place of new Set(Object.values(only))) {
  const room = place.split('/')[1]
  overrides.push({
    files: [place],
    rules: {
      'no-restricted-imports': [
        'error',
        { paths: onlyRules(place), patterns: [roomRule(room, rooms[room])] },
      ],
    },
  })
}

const text = JSON.stringify({ ...base, overrides: [...base.overrides, ...overrides] })
const wanted = await format(text, { ...(await resolveConfig(target)), parser: 'json' })
let now = ''
try {
  now = readFileSync(target, 'utf8')
} catch {
  // not there yet
}
if (now !== wanted && process.argv.includes('--check')) {
  console.error('.oxlintrc.json is stale: run node scripts/generate-lint-rooms.mjs')
  process.exit(1)
}
if (now !== wanted) writeFileSync(target, wanted)
