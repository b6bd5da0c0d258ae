import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, posix } from 'node:path'

/** A directory by http on the loopback. */
export class FileServer implements AsyncDisposable {
  readonly #server: Server
  /** Paths that were asked for, in order. */
  readonly requests: string[] = []

  private constructor(server: Server) {
    this.#server = server
  }

  static async start(directory: string): Promise<FileServer> {
    const server = createServer()
    const files = new FileServer(server)
    server.on('request', (request, response) => {
      const path = posix.normalize(decodeURIComponent(request.url ?? '/'))
      files.requests.push(path)
      try {
        const content = readFileSync(join(directory, path))
        response.writeHead(200, { 'content-length': content.length }).end(content)
      } catch {
        response.writeHead(404).end()
      }
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return files
  }

  get address(): string {
    // a server that listens on a port has an address of this form
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
