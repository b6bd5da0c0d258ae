// Claims a block in a process of its own: argv is the state directory and the bases to try. It prints what it got and
// keeps it until its stdin ends.
import { claimIdBlock } from '../dist/id-block.js'

const [stateDir = '', ...bases] = process.argv.slice(2)
try {
  console.log(claimIdBlock(stateDir, bases.map(Number)).base)
} catch {
  console.log('none')
}
process.stdin.resume()
