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

/** `--lanes [PATTERN...] [-- ARGUMENT...]`: these files as all are run, with arguments for each mocha. */
function runLanes([, ...rest]) {
  const cut = rest.includes('--') ? rest.indexOf('--') : rest.length
  const patterns = rest.slice(0, cut)
  return runInLanes(patterns.length > 0 ? patterns : everything, rest.slice(cut + 1))
}

await afterSetUp(() => {
  if (args.length === 0 || args[0] === '--lanes') return runLanes(args)
  return runOneMocha()
})
