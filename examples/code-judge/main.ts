// A judge as programming contests have: programs in C, Python and shell, and what it says of them. The verdicts follow from
// the reasons of results. Run: npm run build && node examples/dist/code-judge/main.js
import { createEngine } from 'caisson'
import { judge, meansOf, NotInstalled } from './judge.js'
import { samples, tests, type Sample } from './submissions.js'

await using engine = await createEngine()
const means = await meansOf(engine)
let wrong = 0

async function show(sample: Sample): Promise<void> {
  const title = `${sample.language} ${sample.name}`.padEnd(30)
  if (sample.verdict === 'MLE' && !means.memory) {
    console.log(`${title} skipped: no limiter of memory works here`)
    return
  }
  try {
    const { verdict, test, cpuMs, memoryBytes, source, detail } = await judge(
      engine,
      means,
      sample,
      tests,
    )
    const mark = verdict === sample.verdict ? ' ' : '!'
    if (mark === '!') wrong++
    const where = test === 0 ? '' : ` in test ${test}`
    const use = `${Math.round(cpuMs)} ms, ${(memoryBytes / 2 ** 20).toFixed(1)} MiB (${source})`
    console.log(`${title} ${verdict.padEnd(3)}${mark} ${use}: ${detail.split('\n')[0]}${where}`)
  } catch (error) {
    if (!(error instanceof NotInstalled)) throw error
    console.log(`${title} skipped: ${error.message} is not in the root`)
  }
}

for (const sample of samples) await show(sample)
console.log(wrong === 0 ? 'every verdict is as expected' : `${wrong} verdicts are not as expected`)
process.exitCode = wrong === 0 ? 0 : 1
