// What Parley's API says in its own way: who is let in, what a list and an object look like, merged people.
import { TajoError } from '../../lib/errors.ts'
import type { HttpOutcome } from '../../lib/net/http.ts'
import type { Priority } from '../../lib/net/limiter.ts'
import type { Secret } from '../../lib/log/secret.ts'
import { type Account, type Asked, createSourceClient, type SourceClient } from '../client.ts'
import type { SourcePorts } from '../source.ts'
import { judgeBy, type Manners, parseBody } from '../verdict.ts'

export type Json = Record<string, unknown>

/** 200, 404 or 410, each as documented. */
export interface ParleyAnswer {
  status: number
  json: Json
  /** Of a 410: who took the place. */
  into: string | null
}

export type ParleyClient = SourceClient<ParleyAnswer>

const MANNERS: Manners = {
  label: 'Parley',
  readError: (json) => toText(toObject(toObject(json)?.['error'])?.['message']),
  isAnswer: ({ path }, json) => hasShape(path, toObject(json)),
  hints: {
    unauthorized: 'Check the token (Settings → API), then run: tajo connectors install parley',
    forbidden: 'Let an admin of the workspace make the token.',
    notFound: 'Check `workspace` (or `api_url`) of the connector.',
  },
  pauseMs: 10_000,
}

export function createParleyClient(
  token: Secret,
  account: Account,
  priority: Priority,
  ports: SourcePorts,
): ParleyClient {
  return createSourceClient<ParleyAnswer>(
    {
      label: MANNERS.label,
      headers: () => ({ authorization: `Bearer ${token.reveal()}` }),
      judge,
      // Nothing is ever changed: its webhooks are entered by a person.
      judgeChange: () => new TajoError('internal', 'Nothing is changed in Parley.'),
      probe: { path: '/workspace' },
      readBudget: () => null,
    },
    account,
    priority,
    ports,
  )
}

function judge(outcome: HttpOutcome, asked: Asked): ParleyAnswer | TajoError {
  const into = outcome.outcome === 'answer' && outcome.status === 410 ? readSurvivor(outcome.body) : null
  if (into !== null) return { status: 410, json: {}, into }
  const verdict = judgeBy(MANNERS, outcome, asked)
  if (verdict instanceof TajoError) return verdict
  return { status: verdict.status, json: toObject(verdict.json) ?? {}, into: null }
}

function readSurvivor(body: string): string | null {
  const error = toObject(toObject(parseBody(body))?.['error'])
  return error?.['code'] === 'merged' ? toText(error['into']) : null
}

const LISTS = new Set(['/people', '/conversations', '/reports/messages', '/agents'])

/** The end of a list is said, not guessed; an object says which one it is. */
function hasShape(path: string, json: Json | null): boolean {
  if (json === null) return false
  if (!LISTS.has(path)) return toText(json['id']) !== null && isAsked(path, json['id'])
  const { items, has_more: more, page_token: token } = json
  return Array.isArray(items) && typeof more === 'boolean' && (!more || toText(token) !== null)
}

function isAsked(path: string, id: unknown): boolean {
  const [, , asked] = path.split('/')
  return asked === undefined || decodeURIComponent(asked) === id
}

export function toObject(value: unknown): Json | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : null
}

/** Null where it is no text, or an empty one. */
export function toText(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}
