// `npm start`: set-up where needed, then the demo.
import { afterSetUp, root } from './setup/set-up.mjs'
import { runNode } from './setup/run-node.mjs'

await afterSetUp(() => runNode(root, ['examples/dist/demo/main.js', ...process.argv.slice(2)]))
