import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const OUTPUT = /(\.d\.ts|\.d\.ts\.map|\.js|\.js\.map)$/

/** Removes what the compiler once made of a source that is gone: mocha would still run the tests in it. */
export function pruneOutputs(root) {
  const projects = [
    ...readdirSync(join(root, 'packages')).flatMap((name) => [
      { source: join(root, 'packages', name, 'src'), output: join(root, 'packages', name, 'dist') },
      {
        source: join(root, 'packages', name, 'test'),
        output: join(root, 'packages', name, 'dist-test'),
      },
    ]),
    { source: join(root, 'test'), output: join(root, 'test', 'dist') },
    { source: join(root, 'examples'), output: join(root, 'examples', 'dist') },
  ]
  for (const { source, output } of projects) {
    if (!existsSync(output)) continue
    for (const path of readdirSync(output, { recursive: true })) {
      if (!OUTPUT.test(path)) continue
      if (!existsSync(join(source, path.replace(OUTPUT, '.ts')))) rmSync(join(output, path))
    }
  }
}
