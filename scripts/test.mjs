// `npm test`: set-up where needed, then mocha over every test, with the arguments given: `npm test -- --grep overlay`,
// or over some, `npm test -- --spec 'packages/core/dist-test/**/*.test.js'`.
import { afterSetUp, root } from './setup/set-up.mjs'
import { runNode } from './setup/run-node.mjs'

const args = process.argv.slice(2)
// Not in .mocharc.json, where mocha would add these to the ones asked for.
const everything = ['packages/*/dist-test/**/*.test.js', 'test/dist/**/*.test.js']
const specs = args.some((arg) => arg.startsWith('--spec')) ? [] : everything

await afterSetUp(() => runNode(root, ['node_modules/mocha/bin/mocha.js', ...args, ...specs]))
