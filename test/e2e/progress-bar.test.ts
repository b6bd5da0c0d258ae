import { expect } from 'chai'
import { ProgressBar } from '#examples/progress-bar.js'
import { showBuild, showUnpack } from '#examples/build-progress.js'

/** Keeps what is written, as a terminal so wide or as a pipe. */
class Kept {
  text = ''
  readonly isTTY: boolean
  readonly columns: number

  constructor(isTTY: boolean, columns: number) {
    this.isTTY = isTTY
    this.columns = columns
  }

  write(text: string): boolean {
    this.text += text
    return true
  }
}

function shown(isTTY: boolean, use: (bar: ProgressBar) => void, columns = 40): string {
  const out = new Kept(isTTY, columns)
  const bar = new ProgressBar(out)
  use(bar)
  bar.clear()
  return out.text
}

describe('ProgressBar', () => {
  const terminal = process.env['TERM']
  beforeEach(() => {
    process.env['TERM'] = 'xterm'
  })
  after(() => {
    if (terminal === undefined) delete process.env['TERM']
    else process.env['TERM'] = terminal
  })

  it('draws one line of a terminal again in its place, never wider than it, and takes it away', () => {
    const text = shown(true, (bar) => {
      bar.show({ phase: 'looking' })
      bar.show({ phase: 'unpacking', subject: 'a-package-with-a-long-name', done: 6, total: 12 })
    })
    expect(text).not.to.include('\n')
    const lines = text.split('\r').slice(1)
    expect(lines.length).to.equal(3)
    expect(lines[0]).to.equal('   0 s looking\u001B[K')
    expect(lines[1]).to.include(`${'█'.repeat(12)}${'░'.repeat(12)} 6/12`)
    expect(lines[1]?.length).to.equal(39 + '\u001B[K'.length)
    expect(lines[2]).to.equal('\u001B[K')
  })

  it('takes a terminal that was told no size for one of 80 columns', () => {
    const text = shown(true, (bar) => bar.show({ phase: 'x'.repeat(100) }), 0)
    expect(text.match(/x+/)?.[0]?.length).to.equal(79 - '   0 s '.length)
  })

  it('draws a thousand steps of a moment once', () => {
    const text = shown(true, (bar) => {
      for (let done = 0; done < 1000; done++) bar.show({ phase: 'unpacking', done, total: 1000 })
    })
    expect(text.split('unpacking').length - 1).to.be.lessThan(20)
  })

  it('writes a plain line a phase where there is no terminal', () => {
    const text = shown(false, (bar) => {
      for (let done = 0; done < 100; done++) bar.show({ phase: 'fetching', done, total: 100 })
      bar.show({ phase: 'checking' })
    })
    expect(text).to.equal('   fetching\n   checking\n')
  })

  it('draws nothing fancy on a terminal that says it is dumb', () => {
    process.env['TERM'] = 'dumb'
    expect(shown(true, (bar) => bar.show({ phase: 'fetching' }))).to.equal('   fetching\n')
  })

  it('counts packages fetched and unpacked while a root is built', () => {
    const text = shown(false, (bar) => {
      const tell = showBuild(bar)
      const of = { subject: 'stable', count: 1, total: 2 }
      tell({ ...of, phase: 'resolve', bytes: 67_000_000 })
      tell({ ...of, phase: 'download', bytes: 1 })
      tell({ ...of, phase: 'install', bytes: 0 })
      tell({ ...of, phase: 'done', bytes: 0 })
    })
    expect(text).to.equal('   building stable of 2 packages, 67 MB\n')
  })

  it('shows the time where a tool of the host says no number of packages', () => {
    const text = shown(true, (bar) => {
      const tell = showBuild(bar)
      tell({ subject: 'stable', count: 1, total: 0, phase: 'resolve', bytes: 0 })
      tell({ subject: 'bash', count: 1, total: 0, phase: 'install', bytes: 0 })
    })
    expect(text).to.include('0 s building stable')
    expect(text).not.to.include('/0')
    expect(text).not.to.include('NaN')
  })

  it('writes a plain line for each phase of an archive where there is no terminal', () => {
    const text = shown(false, (bar) => {
      const tell = showUnpack(bar)
      const of = { subject: 'a.tar', total: 5_000_000 }
      for (let count = 1; count < 50; count++)
        tell({ ...of, phase: 'unpack', bytes: count * 100_000, count })
      tell({ ...of, phase: 'publish', bytes: 5_000_000, count: 50 })
      tell({ ...of, phase: 'done', bytes: 5_000_000, count: 50 })
    })
    expect(text).to.equal('   unpacking, in MB\n   waiting for the disk\n')
  })
})
