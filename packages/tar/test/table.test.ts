import { open } from 'node:fs/promises'
import { archiveFile, decompress, unpackTar } from '@caisson/tar'
import { expect } from 'chai'
import { withLauncher } from './support/launcher.js'
import { judge, tableCases } from './table/judge.js'

const isRoot = process.getuid?.() === 0

/** Our column of the table in this package's README, which bench/tar-table.mjs prints with those of other programs. */
describe('the table of archives', function () {
  this.timeout(60_000)
  const launcher = withLauncher()

  async function unpack(archive: string, directory: string): Promise<void> {
    await using jail = await launcher().jail?.(directory)
    if (jail === undefined) throw new Error('this launcher has no jail')
    const file = await open(archive)
    try {
      await unpackTar(decompress(archiveFile(file)), jail)
    } finally {
      await file.close()
    }
  }

  for (const one of tableCases) {
    if (one.rootOnly === true && !isRoot) continue
    it(`${one.fault === undefined ? 'refused' : 'exact'}: ${one.name}`, async () => {
      const { is, why } = await judge(one, unpack, launcher())
      expect(is, why).to.equal(one.fault === undefined ? 'refused' : 'exact')
    })
  }
})
