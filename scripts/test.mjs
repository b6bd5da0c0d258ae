// `npm test`: set-up where needed, then every test, several mochas at a time (scripts/test). With arguments they go to one
// mocha: `npm test -- --grep overlay`, or `npm test -- --spec 'packages/core/dist-test/**/*.test.js'`.
import { afterSetUp, root } from './setup/set-up.mjs'
import { runNode } from './setup/run-node.mjs'
import { runInLanes } from './test/run-in-lanes.mjs'
import { everything } from './test/test-files.mjs'

const args = process.argv.slice(2)

function runOneMocha() {
  // Not in .mocharc.json, where mocha would add these to the ones asked for.
  const specs = args.some((arg) => arg.startsWith('--spec')) ? [] : everything
  return runNode(root, ['node_modules/mocha/bin/mocha.js', ...args, ...specs])
}

/** Arguments from one of these words to the next, which may be there once each. */
function argumentsAfter(word, words) {
  const from = args.indexOf(word)
  if (from < 0) return []
  const rest = args.slice(from + 1)
  const end = rest.findIndex((arg) => words.includes(arg))
  return end < 0 ? rest : rest.slice(0, end)
}

/** `--lanes [PATTERN...] [--except PATTERN...] [-- ARGUMENT...]`: as all are run, but these files, with arguments for each mocha. */
function runLanes() {
  const words = ['--lanes', '--except', '--']
  const [patterns, except, mochaArgs] = words.map((word) => argumentsAfter(word, words))
  return runInLanes(patterns.length > 0 ? patterns : everything, { except, mochaArgs })
}

await afterSetUp(() => {
  if (args.length === 0 || args[0] === '--lanes') return runLanes()
  return runOneMocha()
})
