// Speaks the launcher's side of the protocol on descriptor 3, as its first argument says; runs nothing.
// What a command answers is in its argv: see `answer`.
import { openSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { decodeSteps } from '@caisson/core'
import { decodeFields, encodeFrame } from '../dist/codec.js'
import { FrameParser } from '../dist/frame-parser.js'
import type { ReplyTypes, RequestTypes } from '../dist/protocol.generated.js'
import { NONE, replyTable, requestTable } from '../dist/protocol.generated.js'

const scenario = process.argv[2] ?? 'honest'
const control = new Socket({ fd: 3, readable: true, writable: true })
const received: string[] = []
const signals: string[] = []

function reply<N extends keyof ReplyTypes>(name: N, values: ReplyTypes[N]): void {
  const { type, fields } = replyTable[name]
  control.write(encodeFrame(type, fields, values))
}

function fail(kind: number, id: number, more: Partial<ReplyTypes['failed']>): void {
  reply('failed', {
    kind,
    id,
    step: NONE,
    op: 0,
    errno: 1,
    syscall: 'fake',
    subject: 'it',
    ...more,
  })
}

function exited(exec: number, status: number, stdout: Buffer): void {
  reply('exited', {
    exec,
    pid: 2,
    status,
    userUs: 1500n,
    systemUs: 500n,
    maxRssKiB: 8n,
    wallUs: 2000n,
    full: 0,
    stdoutTotal: BigInt(stdout.length),
    stderrTotal: 0n,
    stdout,
    stderr: Buffer.alloc(0),
  })
}

function die(words: string, code: number): never {
  writeSync(2, words)
  process.exit(code)
}

function openStream(path: string | undefined): number {
  return path ? openSync(path, 'r+') : NONE
}

/** Streams of a command are FIFOs that the test made and named in argv. */
function started(exec: number, [stdin, stdout]: readonly string[]): void {
  reply('started', {
    exec,
    pid: 2,
    stdin: openStream(stdin),
    stdout: openStream(stdout),
    stderr: NONE,
  })
}

function answer(exec: number, argv: readonly string[], env: readonly string[]): void {
  const [name = '', ...rest] = argv
  if (name === 'echo') exited(exec, 0, Buffer.from(rest.join(' ')))
  else if (name === 'env') exited(exec, 0, Buffer.from(env.join(' ')))
  else if (name === 'big') exited(exec, 0, Buffer.alloc(Number(rest[0]), 'x'))
  else if (name === 'status') exited(exec, Number(rest[0]), Buffer.alloc(0))
  else if (name === 'received') exited(exec, 0, Buffer.from(received.join(' ')))
  else if (name === 'signals') exited(exec, 0, Buffer.from(signals.join(' ')))
  else if (name === 'environment') exited(exec, 0, Buffer.from(JSON.stringify(process.env)))
  else if (name === 'fail')
    fail(Number(rest[0]), exec, { op: Number(rest[1]), errno: Number(rest[2]) })
  else if (name === 'crash') die('*** out of cheese\n', 42)
  else if (name === 'garbage') control.write(Buffer.from([4, 0, 0, 0, 200, 0, 0, 0, 1, 2, 3, 4]))
  else if (name === 'huge') control.write(Buffer.from([255, 255, 255, 255, 7, 0, 0, 0]))
  else if (name === 'unasked') exited(exec + 1000, 0, Buffer.alloc(0))
  else if (name === 'stream') started(exec, rest)
}

/** The last step of a start, which is always its exec. */
function lastStep(steps: Uint8Array): Uint8Array {
  const view = new DataView(steps.buffer, steps.byteOffset, steps.byteLength)
  let at = 0
  for (let next = 0; next < steps.length; next += 8 + view.getUint32(next + 4, true)) at = next
  return steps.subarray(at)
}

function begin(request: RequestTypes['start'] | RequestTypes['exec']): void {
  const [exec] = decodeSteps(lastStep(request.steps), 'process')
  if (exec?.op === 'exec') answer(request.exec, exec.argv, exec.env)
}

function hello({ userns }: RequestTypes['hello']): void {
  if (scenario === 'mapsOfNobody') return reply('needMaps', { pid: 0xffff_ffff })
  const maps = scenario === 'needMaps' || (scenario === 'mapsWhenAsked' && userns === 2)
  if (maps) reply('needMaps', { pid: process.pid })
  else if (scenario === 'helloFails')
    fail(0, 0, { errno: 1, syscall: 'unshare', subject: 'user namespace' })
  else if (scenario === 'helloDies') die('no such luck\n', 3)
  else reply('ready', { pid: process.pid, landlock: 7 })
}

const handlers: { readonly [N in keyof RequestTypes]?: (request: RequestTypes[N]) => void } = {
  hello,
  mapped: () => reply('ready', { pid: process.pid, landlock: 7 }),
  template: ({ id }) =>
    scenario === 'templateFails'
      ? fail(1, id, { op: 2, errno: 2, syscall: 'open_tree', step: 0 })
      : reply('built', { id }),
  start: (request) => {
    if (request.exec !== NONE) begin(request)
    else if (scenario === 'createFails') fail(3, request.container, { op: 7, errno: 22 })
    else reply('created', { container: request.container, pid: 4242 })
  },
  exec: begin,
  signal: ({ exec, signo }) => {
    signals.push(String(signo))
    exited(exec, signo, Buffer.alloc(0))
  },
  stop: ({ container }) => reply('gone', { container, status: 9 }),
  remove: ({ container }) => reply('gone', { container, status: 9 }),
}

const names = new Map(Object.entries(requestTable).map(([name, { type }]) => [type, name]))

function isRequest(name: string | undefined): name is keyof RequestTypes {
  return name !== undefined && Object.hasOwn(requestTable, name)
}

const parser = new FrameParser(2 ** 30, (type, body) => {
  const name = names.get(type)
  if (!isRequest(name)) die(`unknown request ${type}\n`, 99)
  const values = decodeFields(requestTable[name].fields, body)
  const counted = name === 'template' || name === 'plan' || name === 'drop' || name === 'opened'
  if (counted)
    received.push(
      `${name}:${Object.values(values)
        .filter((v) => typeof v === 'number')
        .join(',')}`,
    )
  const handler: unknown = Reflect.get(handlers, name)
  if (typeof handler === 'function') handler(values)
})
control.on('data', (chunk: Buffer) => parser.push(chunk))
control.on('end', () => {
  if (scenario === 'lingers') setInterval(() => {}, 1000)
  else process.exit(0)
})
