// The only door to the network, and the only import of got. It never retries and never follows a redirect:
// those are decisions of the one who knows the API.
import http from 'node:http'
import https from 'node:https'
import { got, type Request } from 'got'

import { linkSignal } from './abort.ts'

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  url: string
  headers: Record<string, string>
  body?: string
  /** It changes nothing on the other side, whatever its method: a dry run lets it through. */
  reads?: boolean
  timeoutMs: number
  signal?: AbortSignal | undefined
}

export interface HttpAnswer {
  outcome: 'answer'
  status: number
  /** Names in lower case. */
  headers: Record<string, string>
  body: string
}

/** No answer came. Only `unanswered` is uncertain: the request may have been carried out. */
export interface HttpFailure {
  outcome: 'never_left' | 'unanswered'
  reason: string
}

export type HttpOutcome = HttpAnswer | HttpFailure

export interface Http {
  send(request: HttpRequest): Promise<HttpOutcome>
  close(): void
}

/** Connections kept open to one host; more would only wait for the other side's rate limit. */
const MAX_SOCKETS = 16

/** Unpacked: a few kilobytes of gzip may be gigabytes. The largest page that an API gives has some 10 MB. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024

export function createHttp(): Http {
  const agent = {
    http: new http.Agent({ keepAlive: true, maxSockets: MAX_SOCKETS }),
    https: new https.Agent({ keepAlive: true, maxSockets: MAX_SOCKETS, minVersion: 'TLSv1.2' }),
  }
  const client = got.extend({
    agent,
    retry: { limit: 0 },
    followRedirect: false,
    throwHttpErrors: false,
    decompress: true,
  })

  return {
    async send(request) {
      const link = linkSignal(request.signal)
      try {
        const stream = client.stream(request.url, {
          method: request.method,
          headers: request.headers,
          ...(request.body === undefined ? {} : { body: request.body }),
          signal: link.signal,
          timeout: { request: request.timeoutMs },
        })
        if (request.body === undefined && request.method !== 'GET') stream.end()
        const body = await readBody(stream)
        if (body === null) return { outcome: 'unanswered', reason: 'the answer is too large' }
        const { statusCode: status, headers } = stream.response!
        return { outcome: 'answer', status, headers: flatten(headers), body }
      } catch (thrown) {
        const error = thrown as Error & { code?: string; timings?: { connect?: number; upload?: number } }
        return { outcome: hasLeft(error) ? 'unanswered' : 'never_left', reason: error.code ?? error.name }
      } finally {
        link.release()
      }
    },
    close() {
      agent.http.destroy()
      agent.https.destroy()
    },
  }
}

/** What was read so far is thrown away with the rest: null, where there is more than an answer can have. */
async function readBody(stream: Request): Promise<string | null> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_ANSWER_BYTES) {
      stream.destroy()
      return null
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

const BEFORE_CONNECTION = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'ERR_INVALID_URL',
])

/** In doubt it left: only a failure to connect is a proof that it did not. */
function hasLeft(error: { code?: string; timings?: { connect?: number } }): boolean {
  return !(error.code !== undefined && BEFORE_CONNECTION.has(error.code))
}

function flatten(headers: http.IncomingHttpHeaders): Record<string, string> {
  const flat: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return flat
}
