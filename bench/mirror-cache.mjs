// A mirror of Debian on the loopback that asks the real one once for each file, so that a bench can tell what the network costs from
// what builders do: `node mirror-cache.mjs <mirror> <directory>` prints its address, and ends with its stdin. Other processes
// than the one that is measured run it.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'

const [mirror, directory] = process.argv.slice(2)
const missing = new Set()

async function read(path) {
  const file = join(directory, createHash('sha256').update(path).digest('hex'))
  if (existsSync(file)) return readFileSync(file)
  if (missing.has(path)) return undefined
  const answer = await fetch(`${mirror}${path}`)
  if (answer.status === 404) {
    missing.add(path)
    return undefined
  }
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`)
  const bytes = Buffer.from(await answer.arrayBuffer())
  writeFileSync(`${file}.new`, bytes)
  renameSync(`${file}.new`, file)
  return bytes
}

const server = createServer((request, response) => {
  read(request.url).then(
    (bytes) => {
      if (bytes === undefined) response.writeHead(404).end()
      else response.writeHead(200, { 'content-length': bytes.length }).end(bytes)
    },
    () => response.writeHead(502).end(),
  )
})
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`))
process.stdin.resume().on('end', () => process.exit())
