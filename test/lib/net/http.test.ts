// The three outcomes of a request, on real sockets.
import { createServer, type Server } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'

import { afterEach, describe, expect, it } from '@jest/globals'

import { createHttp, type HttpRequest } from '../../../src/lib/net/http.ts'

const http = createHttp()
const servers: { close(): unknown }[] = []
afterEach(() => {
  http.close()
  for (const server of servers.splice(0)) server.close()
})

async function listen(server: Server | ReturnType<typeof createTcpServer>): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  servers.push(server)
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

const get = (url: string, extra: Partial<HttpRequest> = {}) =>
  http.send({ method: 'GET', url, headers: {}, timeoutMs: 2_000, ...extra })

describe('an outcome', () => {
  it('is an answer, of whatever status, and no redirect is followed', async () => {
    const url = await listen(
      createServer((_, response) =>
        response.writeHead(301, { location: '/elsewhere', 'X-Case': 'A' }).end('moved'),
      ),
    )

    expect(await get(url)).toMatchObject({
      outcome: 'answer',
      status: 301,
      body: 'moved',
      headers: { 'x-case': 'A', location: '/elsewhere' },
    })
  })

  it('never left when nobody listens', async () => {
    const server = createServer()
    const url = await listen(server)
    server.close()

    expect(await get(url)).toEqual({ outcome: 'never_left', reason: 'ECONNREFUSED' })
  })

  it('is unanswered when the connection is cut after the request', async () => {
    const url = await listen(createServer((request) => request.socket.destroy()))

    expect(await get(url)).toMatchObject({ outcome: 'unanswered' })
  })

  it('is unanswered when there is no answer in time, when it is cut short, and when we stop waiting', async () => {
    const silent = await listen(createTcpServer())
    const short = await listen(
      createServer((_, response) => {
        response.writeHead(200, { 'content-length': '100' })
        response.write('half')
        setTimeout(() => response.destroy(), 20)
      }),
    )
    const stop = new AbortController()
    setTimeout(() => stop.abort(), 50)

    expect(await get(silent, { timeoutMs: 100 })).toEqual({ outcome: 'unanswered', reason: 'ETIMEDOUT' })
    expect(await get(short)).toMatchObject({ outcome: 'unanswered' })
    expect(await get(silent, { signal: stop.signal })).toMatchObject({ outcome: 'unanswered' })
  })
})
