// What Intercom's API says in its own way: who is let in, its version, what a list and an object look like, merged contacts, its limit.
import { TajoError } from '../../lib/errors.ts'
import type { HttpAnswer, HttpOutcome } from '../../lib/net/http.ts'
import type { Priority } from '../../lib/net/limiter.ts'
import type { Secret } from '../../lib/log/secret.ts'
import { type Account, type Asked, createSourceClient, type SourceClient } from '../client.ts'
import type { Budget, SourcePorts } from '../source.ts'
import { judgeBy, type Manners } from '../verdict.ts'

export type Json = Record<string, unknown>

/** 200, 404 or 410, each as documented. */
export interface IntercomAnswer {
  status: number
  json: Json
  /** Of a 410: the contact that took the place. */
  into: string | null
}

export type IntercomClient = SourceClient<IntercomAnswer>

/**
 * The one version that is spoken. On it depend: that a merged contact answers 410 with a Link (404 up to 2.15), that contacts are
 * searched by whole days (exact seconds from 2.17 on), that nobody assigned is 0, and `conversation_rating.updated_at` (from 2.14 on)
 * (gladly-intercom-api.md § B.1).
 */
export const INTERCOM_VERSION = '2.16'

const MANNERS: Manners = {
  label: 'Intercom',
  readError(json) {
    const error = toObject(json)
    const [first] = Array.isArray(error?.['errors']) ? (error['errors'] as unknown[]) : []
    return error?.['type'] === 'error.list' ? (toText(toObject(first)?.['message']) ?? '') : null
  },
  isAnswer: (asked, json) => hasShape(asked, toObject(json)),
  hints: {
    unauthorized:
      'Check the access token (Developer Hub → your app → Configure → Authentication), its region, and that the app may read users and conversations.',
    forbidden: 'The workspace needs an active subscription, and the app the permission to read this.',
    notFound: 'Check `region` (or `api_url`) of the connector.',
  },
  pauseMs: 10_000,
  readPauseMs(headers) {
    const reset = Number(headers['x-ratelimit-reset']) * 1000 - Date.parse(headers['date'] ?? '')
    return Number.isFinite(reset) && reset > 0 ? reset : null
  },
}

export function createIntercomClient(
  token: Secret,
  account: Account,
  priority: Priority,
  ports: SourcePorts,
): IntercomClient {
  return createSourceClient<IntercomAnswer>(
    {
      label: MANNERS.label,
      headers: () => ({
        authorization: `Bearer ${token.reveal()}`,
        'intercom-version': INTERCOM_VERSION,
      }),
      judge,
      // Nothing is ever changed: its webhooks are entered by a person.
      judgeChange: () => new TajoError('internal', 'Nothing is changed in Intercom.'),
      probe: { path: '/me' },
      permissionFor,
      readBudget,
    },
    account,
    priority,
    ports,
  )
}

/**
 * A token that lacks a permission is refused with 401, as a wrong one is: only `/me`, which every token may ask, tells them apart (§ B.2).
 * The names are those of the Developer Hub.
 */
const PERMISSIONS: readonly [RegExp, string][] = [
  [/^\/conversations/, 'Read conversations'],
  [/^\/(contacts|data_attributes)/, 'Read and list users and companies'],
  [/^\/admins\/activity_logs/, 'Read admin activity logs'],
  [/^\/(admins|teams|away_status_reasons)/, 'Read admins'],
  [/^\/tags/, 'Read tags'],
]

function permissionFor({ path }: Asked): string | null {
  const name = PERMISSIONS.find(([pattern]) => pattern.test(path))?.[1]
  return name === undefined
    ? null
    : `Give the app the permission “${name}”: Developer Hub → your app → Configure → Authentication. A token that was made before has to be made again.`
}

function judge(outcome: HttpOutcome, asked: Asked): IntercomAnswer | TajoError {
  const into = outcome.outcome === 'answer' && outcome.status === 410 ? readCanonical(outcome) : null
  if (into !== null) return { status: 410, json: {}, into }
  const verdict = judgeBy(MANNERS, outcome, asked)
  if (verdict instanceof TajoError) return verdict
  return { status: verdict.status, json: toObject(verdict.json) ?? {}, into: null }
}

/** `</contacts/{id}>; rel="canonical"`: the path alone counts, no host is followed. */
function readCanonical({ headers }: HttpAnswer): string | null {
  const link = headers['link'] ?? ''
  const id = /<(?:https:\/\/[^/>]+)?\/contacts\/([^>/?]+)>;\s*rel="canonical"/.exec(link)?.[1]
  return id === undefined ? null : decodeURIComponent(id)
}

function readBudget({ headers }: HttpAnswer): Budget | null {
  const [limit, remaining] = [Number(headers['x-ratelimit-limit']), Number(headers['x-ratelimit-remaining'])]
  const isTold = headers['x-ratelimit-limit'] !== undefined && Number.isInteger(limit) && limit > 0
  return isTold && Number.isInteger(remaining) ? { used: Math.max(0, limit - remaining), limit } : null
}

/** The key of the list in each answer that is one. */
export const LISTS: Readonly<Record<string, string>> = {
  '/contacts/search': 'data',
  '/conversations/search': 'conversations',
  '/admins': 'admins',
  '/data_attributes': 'data',
  '/conversations/deleted': 'conversations',
  '/admins/activity_logs': 'activity_logs',
  '/tags': 'data',
  '/teams': 'teams',
}

/** A list says that it is one, a search in `pages` whether more follows; an object says which one it is. */
function hasShape({ path }: Asked, json: Json | null): boolean {
  if (json === null) return false
  const key = LISTS[path]
  if (key === undefined) return toText(json['type']) !== null && isAsked(path, json['id'])
  // Every list of the vendor's has a type: `list`, `conversation.list`, `admin.list` …
  if (!Array.isArray(json[key]) || toText(json['type'])?.endsWith('list') !== true) return false
  if (!path.endsWith('/search')) return true
  const pages = toObject(json['pages'])
  const next = pages?.['next']
  return pages !== null && (next == null || toText(toObject(next)?.['starting_after']) !== null)
}

function isAsked(path: string, id: unknown): boolean {
  const [, , asked] = path.split('/')
  return asked === undefined ? toText(id) !== null : decodeURIComponent(asked) === toId(id)
}

export function toObject(value: unknown): Json | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : null
}

export function toList(value: unknown): Json[] {
  return (Array.isArray(value) ? (value as unknown[]) : []).map(toObject).filter((one) => one !== null)
}

/** Null where it is no text, or an empty one. */
export function toText(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

/** Ids come as texts and as numbers; 0 is nobody (from 2.16 on). */
export function toId(value: unknown): string | null {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return String(value)
  return value === '0' ? null : toText(value)
}
