// A running daemon, over its control API.
import type { Http } from '../../lib/net/http.ts'
import { type ErrorCode, ERROR_KINDS, TajoError } from '../../lib/errors.ts'
import type { Backend, DeliveredEvent } from './types.ts'

const TIMEOUT_MS = 60_000
/** A sync may read for long. */
const SYNC_TIMEOUT_MS = 6 * 3_600_000
/** How long the daemon holds a question for something to tell. */
const WAIT_SECONDS = 20

interface CallOptions {
  timeoutMs?: number
  signal?: AbortSignal
}

type Call = <Answer>(
  method: 'GET' | 'POST',
  path: string,
  body?: object,
  options?: CallOptions,
) => Promise<Answer>

export function createRemote(baseUrl: string, apiKey: string, http: Http): Backend {
  const call = createCall(baseUrl, apiKey, http)
  /** What handlers wait for, and whether the daemon knows. */
  const listened = new Map<string, { types: Set<string>; isRegistered: boolean }>()

  async function register(name: string): Promise<void> {
    const known = listened.get(name)
    if (known === undefined || known.isRegistered) return
    await call('POST', `${of(name)}/handlers`, { types: [...known.types] })
    known.isRegistered = true
  }

  const of = (name: string): string => `/connectors/${encodeURIComponent(name)}`

  return {
    // The daemon has its own configuration and keys.
    connect: (name) => call('POST', `${of(name)}/connect`, {}),
    sync: (name, request) => call('POST', `${of(name)}/sync`, request, { timeoutMs: SYNC_TIMEOUT_MS }),
    status: (name) => call('GET', `${of(name)}/status`),
    requestRefresh: (name, event) => call('POST', `${of(name)}/events`, event),
    trigger: (name, request) => call('POST', `/campaigns/${encodeURIComponent(name)}/trigger`, request),

    async listen(name, types) {
      const known = listened.get(name) ?? { types: new Set<string>(), isRegistered: false }
      for (const type of types) known.types.add(type)
      known.isRegistered = false
      listened.set(name, known)
      await register(name)
    },

    async deliveries(name, types, signal) {
      // A daemon that was away when the handler came is given its events now.
      await register(name)
      const wait = signal.aborted ? 0 : WAIT_SECONDS
      const query = `types=${types.map((type) => encodeURIComponent(type)).join(',')}&wait=${wait}`
      const stop = signal.aborted ? {} : { signal }
      const events = await call<DeliveredEvent[]>('GET', `${of(name)}/occurrences?${query}`, undefined, stop)
      // JSON has no NaN.
      for (const event of events) event.satisfaction_score ??= Number.NaN
      return events
    },

    ack: (name, id) => call('POST', `${of(name)}/occurrences/${id}/ack`, {}),
    nack: (name, id, attempts, reason) =>
      call('POST', `${of(name)}/occurrences/${id}/nack`, { attempts, reason }),

    async close() {
      http.close()
    },
  }
}

function createCall(baseUrl: string, apiKey: string, http: Http): Call {
  const root = `${baseUrl.replace(/\/+$/, '')}/v1`
  return async <Answer>(
    method: 'GET' | 'POST',
    path: string,
    body?: object,
    { timeoutMs = TIMEOUT_MS, signal }: CallOptions = {},
  ): Promise<Answer> => {
    const content: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' }
    const payload = body === undefined ? {} : { body: JSON.stringify(body) }
    const outcome = await http.send({
      method,
      url: `${root}${path}`,
      headers: { ...content, authorization: `Bearer ${apiKey}`, accept: 'application/json' },
      ...payload,
      timeoutMs,
      signal,
    })
    if (outcome.outcome !== 'answer')
      throw new TajoError('daemon_unreachable', `No tajo answers at ${baseUrl} (${outcome.reason}).`, {
        hint: 'Is `tajo start` running there, with a TAJO_API_KEY?',
      })
    const json = parse(outcome.body)
    if (outcome.status < 300) return json as Answer
    throw toError(baseUrl, outcome.status, json)
  }
}

/** The daemon's own error, where it says one. */
function toError(baseUrl: string, status: number, json: unknown): TajoError {
  if (status === 401)
    return new TajoError('unauthorized', `The tajo at ${baseUrl} does not take this apiKey.`, {
      hint: 'Give TajoClient the TAJO_API_KEY that the daemon was started with.',
    })
  const error = (json as { error?: { code?: string; message?: string; hint?: string } } | null)?.error
  const code = error?.code !== undefined && error.code in ERROR_KINDS ? (error.code as ErrorCode) : 'internal'
  const hint = error?.hint === undefined ? undefined : { hint: error.hint }
  return new TajoError(code, error?.message ?? `The tajo at ${baseUrl} answered ${status}.`, hint)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
