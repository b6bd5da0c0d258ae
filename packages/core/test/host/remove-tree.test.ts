import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { removeTree } from '../../dist/index.js'

describe('removeTree', () => {
  let scratch: string

  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), 'caisson-remove-'))
  })
  afterEach(() => rmSync(scratch, { recursive: true, force: true }))

  it('removes what its owner may not enter, and what is below that', async () => {
    const tree = join(scratch, 'tree')
    mkdirSync(join(tree, 'work/work/deep'), { recursive: true })
    writeFileSync(join(tree, 'work/work/deep/file'), '')
    for (const path of ['work/work/deep', 'work/work', 'work']) chmodSync(join(tree, path), 0)
    await removeTree(tree)
    expect(existsSync(tree)).to.equal(false)
  })

  it('follows no link, also where it has to change modes', async () => {
    const [tree, other] = [join(scratch, 'tree'), join(scratch, 'other')]
    for (const path of [tree, other]) mkdirSync(path)
    writeFileSync(join(other, 'file'), '')
    mkdirSync(join(tree, 'shut'))
    writeFileSync(join(tree, 'shut/file'), '')
    symlinkSync(other, join(tree, 'link'))
    chmodSync(join(tree, 'shut'), 0)
    chmodSync(other, 0o500)
    await removeTree(tree)
    expect(existsSync(tree)).to.equal(false)
    expect(statSync(other).mode & 0o777).to.equal(0o500)
    expect(readdirSync(other)).to.deep.equal(['file'])
    chmodSync(other, 0o700)
  })

  it('finds nothing to do where nothing is', async () => {
    await removeTree(join(scratch, 'nothing'))
  })
})
