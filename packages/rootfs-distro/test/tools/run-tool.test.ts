import { existsSync } from 'node:fs'
import { expect } from 'chai'
import { distroError } from '../../dist/distro-error.js'
import { runTool, type ToolCall } from '../../dist/tools/run-tool.js'
import type { ToolFailure } from '../../dist/tools/tool-failure.js'
import { rejected } from '../support/thrown.js'

function script(text: string, more: Partial<ToolCall> = {}): ToolCall {
  return {
    argv: ['/bin/sh', '-c', text],
    env: {},
    subject: 'script',
    signal: undefined,
    onLine: () => {},
    explain: (lines, failure) =>
      distroError('ERR_ROOTFS_INVALID', 'script', lines.at(-1) ?? 'nothing said', 'fix', failure),
    ...more,
  }
}

describe('runTool', function () {
  this.timeout(60_000)

  it('hands over what a tool writes, and tells what it says', async () => {
    const said: string[] = []
    let written = ''
    const output = async (bytes: AsyncIterable<Uint8Array>): Promise<void> => {
      for await (const chunk of bytes) written += Buffer.from(chunk).toString()
    }
    const onLine = (line: string): void => void said.push(line)
    await runTool(script('echo out; echo err >&2', { output, onLine }))
    expect(written).to.equal('out\n')
    expect(said).to.deep.equal(['err'])
  })

  it('keeps arguments, exit code and the last 20 lines of one that failed', async () => {
    const call = script('for i in $(seq 30); do echo line $i >&2; done; exit 3')
    const error = await rejected(runTool(call))
    expect(error).to.include({ code: 'ERR_ROOTFS_INVALID' })
    // `explain` above puts it there
    const cause = error.cause as ToolFailure
    expect(cause.argv).to.deep.equal(call.argv)
    expect(cause.exitCode).to.equal(3)
    expect(cause.lines).to.have.length(20)
    expect(cause.lines.at(-1)).to.equal('line 30')
  })

  it('kills all that it started when it is given up', async () => {
    const giveUp = new AbortController()
    const pids: number[] = []
    const onLine = (line: string): void => {
      pids.push(Number(line))
      if (pids.length === 2) giveUp.abort()
    }
    const text = 'echo $$ >&2; sleep 1000 & echo $! >&2; wait'
    const error = await rejected(runTool(script(text, { signal: giveUp.signal, onLine })))
    expect(error).to.include({ code: 'ERR_ABORTED' })
    expect(pids).to.have.length(2)
    for (const pid of pids) await gone(pid)
  })

  it('kills what outlives a tool', async () => {
    const pids: number[] = []
    const onLine = (line: string): void => void pids.push(Number(line))
    await runTool(script('sleep 1000 >/dev/null 2>&1 & echo $! >&2', { onLine }))
    for (const pid of pids) await gone(pid)
    expect(pids).to.have.length(1)
  })

  it('ends a tool whose output nobody can take, and throws why', async () => {
    const error = await rejected(runTool(script('yes', { output: refuse })))
    expect(error).to.include({ code: 'ERR_ARCHIVE_CORRUPT' })
  })
})

/** A killed process is there until its parent has seen it. */
async function gone(pid: number): Promise<void> {
  while (existsSync(`/proc/${pid}/exe`)) {
    await new Promise((resolve) => {
      setTimeout(resolve, 10)
    })
  }
}

async function refuse(): Promise<void> {
  throw distroError('ERR_ARCHIVE_CORRUPT', 'it', 'broken', 'fix')
}
