// What Gorgias's REST API says in its own way (gorgias-api.md § 1-3): who is let in, what a list and an object look like, merged objects,
// its budget. How it is asked is sources/client.ts.
import { TajoError } from '../../lib/errors.ts'
import type { HttpAnswer, HttpOutcome } from '../../lib/net/http.ts'
import type { Priority } from '../../lib/net/limiter.ts'
import type { Secret } from '../../lib/log/secret.ts'
import {
  type Account,
  type Asked,
  type Change,
  createSourceClient,
  type Dialect,
  type Params,
  type SourceClient,
} from '../client.ts'
import type { Budget, SourcePorts } from '../source.ts'
import { judgeBy, type Manners, parseBody } from '../verdict.ts'

/** `status` is 200, 301 or 404, each in the shape that Gorgias documents; everything else is thrown. */
export interface GorgiasAnswer {
  status: number
  json: unknown
  /** Of a 301: the id of the object that took its place. */
  into: string | null
}

export type GorgiasClient = SourceClient<GorgiasAnswer>

const MANNERS: Manners = {
  label: 'Gorgias',
  readError,
  isAnswer: ({ path }, json) => hasShape(path, json),
  hints: {
    unauthorized:
      'Check the e-mail address and the key (Settings → REST API), then run: tajo connectors install gorgias',
    forbidden:
      'The key has the rights of the user who made it: let an admin make one. Some Gorgias plans have no REST API.',
    notFound:
      'Check `domain` (or `base_url`) of the connector: it is the first part of the address of your helpdesk.',
  },
  // A 429 should name a time (gorgias-api.md § 2); half of what the documentation's example says.
  pauseMs: 5_000,
}

/** HTTP Basic with the user's address and the key. */
export function createGorgiasClient(
  { email, apiKey }: { email: Secret; apiKey: Secret },
  account: Account,
  priority: Priority,
  ports: SourcePorts,
): GorgiasClient {
  const dialect: Dialect<GorgiasAnswer> = {
    label: MANNERS.label,
    headers: () => ({
      authorization: `Basic ${Buffer.from(`${email.reveal()}:${apiKey.reveal()}`).toString('base64')}`,
    }),
    judge,
    judgeChange,
    probe: { path: '/account' },
    readBudget,
  }
  return createSourceClient(dialect, account, priority, ports)
}

/** A cursor is refused with 400, as other parameters are. */
export const toAsked = (path: string, params: Params): Asked => ({
  path,
  params,
  isContinued: params['cursor'] !== undefined,
})

function judge(outcome: HttpOutcome, asked: Asked, baseUrl: string): GorgiasAnswer | TajoError {
  // No other redirect is documented (gorgias-api.md § 1).
  const isMoved = outcome.outcome === 'answer' && outcome.status === 301
  const into = isMoved ? survivorOf(asked.path, outcome.headers['location'], baseUrl) : null
  if (into !== null) return { status: 301, json: null, into }
  const verdict = judgeBy(MANNERS, outcome, { ...asked, ofOne: isObject(asked.path) })
  return verdict instanceof TajoError ? verdict : { ...verdict, into: null }
}

function judgeChange(outcome: HttpOutcome, change: Change, baseUrl: string): GorgiasAnswer | TajoError {
  const { method, path } = change
  if (outcome.outcome === 'answer' && isWritten(method, outcome))
    return { status: 200, json: parseBody(outcome.body) ?? null, into: null }
  const verdict = judge(outcome, { path }, baseUrl)
  if (verdict instanceof TajoError || verdict.status === 200) return verdict
  return new TajoError('source_refused', `Gorgias answered ${method} ${path} with ${verdict.status}.`)
}

/** `X-Gorgias-Account-Api-Call-Limit: used/limit` (gorgias-api.md § 2). */
function readBudget({ headers }: HttpAnswer): Budget | null {
  const match = /^(\d+)\/(\d+)$/.exec(headers['x-gorgias-account-api-call-limit'] ?? '')
  return match === null ? null : { used: Number(match[1]), limit: Number(match[2]) }
}

/**
 * Another object of the same kind, at Gorgias itself: `/api/customers/42/`, relative or absolute, which is not documented
 * (gorgias-api.md § 8). Null where the redirect names none.
 */
function survivorOf(path: string, location: string | undefined, baseUrl: string): string | null {
  if (!isObject(path) || location === undefined || !URL.canParse(location, baseUrl)) return null
  const { host, pathname } = new URL(location, baseUrl)
  if (host !== new URL(baseUrl).host && !host.endsWith('.gorgias.com')) return null
  const [, kind, id] = /^(?:\/api)?\/([\w-]+)\/([\w-]+)\/?$/.exec(pathname) ?? []
  return id !== undefined && path.startsWith(`/${kind}/`) && path !== `/${kind}/${id}` ? id : null
}

/** A change that Gorgias says it has made. Some have no body; what was created names its id (gorgias-api.md § 1). */
function isWritten(method: Change['method'], { status, body }: HttpAnswer): boolean {
  const json = body.trim() === '' ? null : parseBody(body)
  const isNamed = hasId(json)
  if (method === 'POST') return (status === 200 || status === 201) && isNamed
  const isSilent = (status === 202 || status === 204) && json === null
  return isSilent || ((status === 200 || status === 202) && (method === 'DELETE' || isNamed))
}

/** Only an explicit `next_cursor: null` is the end of a list; an object says which one it is (gorgias-api.md § 3, § 4). */
function hasShape(path: string, json: unknown): boolean {
  if (typeof json !== 'object' || json === null) return false
  if (path === '/account') return true
  if (isObject(path))
    return hasId(json) && String((json as Json)['id']) === decodeURIComponent(path.split('/').at(-1)!)
  const { data, meta } = json as { data?: unknown; meta?: { next_cursor?: unknown } | null }
  const next = meta?.next_cursor
  return Array.isArray(data) && (next === null || typeof next === 'string')
}

type Json = Record<string, unknown>

function hasId(json: unknown): boolean {
  const id = (json as Json | null | undefined)?.['id']
  return typeof id === 'number' || typeof id === 'string'
}

/** `{"error":{"msg":…}}`: Gorgias itself, and not something in between. */
function readError(json: unknown): string | null {
  const text = (json as { error?: { msg?: unknown } } | null | undefined)?.error?.msg
  return typeof text === 'string' ? text : null
}

/** `/tickets/42`, not `/tickets`. */
function isObject(path: string): boolean {
  return /^\/[\w-]+\/[^/]+$/.test(path)
}
