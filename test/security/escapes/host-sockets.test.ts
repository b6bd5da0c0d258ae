// CVE-2020-15257: abstract sockets belong to a network namespace, and have no permissions. A port of the loopback likewise.
import { createServer, type Server } from 'node:net'
import { once } from 'node:events'
import { describeEscape } from '../describe-escape.js'

const name = `caisson-escape-${process.pid}`
const servers: Server[] = []
let port = 0

before(async () => {
  for (const address of [{ path: `\0${name}` }, { port: 0, host: '127.0.0.1' }]) {
    const server = createServer((socket) => socket.destroy()).listen(address)
    await once(server, 'listening')
    servers.push(server)
    const at = server.address()
    if (typeof at === 'object' && at !== null) port = at.port
  }
})
after(() => {
  for (const server of servers) server.close()
})

describeEscape({
  idea: 'host-sockets',
  args: () => [name, String(port)],
  held: {
    'an abstract socket of the host': 'ECONNREFUSED',
    'a port of the host': 'ECONNREFUSED',
  },
  openings: [
    {
      by: "network: 'host'",
      options: { network: 'host' },
      further: ['an abstract socket of the host', 'a port of the host'],
    },
  ],
})
