// What Gladly's API says in its own way: who is let in, lines and tables instead of lists, merged profiles, its limits.
import { TajoError } from '../../lib/errors.ts'
import type { HttpAnswer, HttpOutcome } from '../../lib/net/http.ts'
import { parseExactly } from '../../lib/net/json.ts'
import type { Priority } from '../../lib/net/limiter.ts'
import type { Secret } from '../../lib/log/secret.ts'
import { type Account, type Asked, type Change, createSourceClient, type SourceClient } from '../client.ts'
import type { SourcePorts } from '../source.ts'
import { judgeBy, type Manners, parseBody } from '../verdict.ts'
import { toId, toList, toObject, toText } from './items.ts'

export interface GladlyAnswer {
  /** 200, 404, or 301 for a profile that was merged. */
  status: number
  /** An object, a list, or the items of JSON lines. */
  json: unknown
  /** Of a table. */
  text: string
  /** Of a 301: the profile that took the place. */
  into: string | null
  /** There is more than a list gives (`Gladly-Limited-Data`). */
  isLimited: boolean
}

export type GladlyClient = SourceClient<GladlyAnswer>

/** Beside what connectors.yml says: of the whole organization, all its tools together (gladly-intercom-api.md § A.2). */
export const OTHER_LIMITS = [
  { limit: { requests: 10, windowMs: 1_000 } },
  {
    limit: { requests: 10, windowMs: 60_000, atOnce: 2 },
    concerns: (path: string): boolean => path.startsWith('/reports'),
  },
]

const MANNERS: Manners = {
  label: 'Gladly',
  readError(json) {
    const errors = toObject(json)?.['errors']
    if (!Array.isArray(errors)) return null
    return toList(errors)
      .flatMap((one) =>
        [toText(one['attr']), toText(one['detail'])].filter((part) => part !== null).join(' '),
      )
      .join(', ')
  },
  isAnswer: (asked, json) => hasShape(asked, json),
  hints: {
    unauthorized:
      'The API token is wrong or was revoked: have one made for this user (Settings → Users → API tokens), and store it with tajo connectors install.',
    forbidden:
      'The user of the token has lost the permission “API User”, or has left: an admin gives it back (Settings → Users), or makes a token for another user.',
    notFound: 'Check `domain` (or `base_url`) of the connector: there is no such organization.',
  },
  // How long to wait is not told; 5 s are what others wait.
  pauseMs: 5_000,
}

export function createGladlyClient(
  keys: { username: Secret; apiKey: Secret },
  account: Account,
  priority: Priority,
  ports: SourcePorts,
): GladlyClient {
  const { username, apiKey } = keys
  return createSourceClient<GladlyAnswer>(
    {
      label: MANNERS.label,
      headers: () => ({
        authorization: `Basic ${Buffer.from(`${username.reveal()}:${apiKey.reveal()}`).toString('base64')}`,
      }),
      judge,
      judgeChange,
      probe: { path: '/organization' },
      // What is left of one second says nothing of a minute.
      readBudget: () => null,
    },
    account,
    priority,
    ports,
  )
}

type Shape = 'table' | 'lines' | 'json'

function shapeOf({ path }: Asked): Shape {
  if (path.startsWith('/reports')) return 'table'
  return path === '/events' || path.includes('/files/') ? 'lines' : 'json'
}

function judge(outcome: HttpOutcome, asked: Asked): GladlyAnswer | TajoError {
  if (outcome.outcome !== 'answer') return toVerdict(judgeBy(MANNERS, outcome, asked))
  const answer = withWords(outcome)
  const { status, body, headers } = answer
  const into = status === 301 && asked.ofOne === true ? readMoved(body) : null
  if (into !== null) return { status, json: {}, text: '', into, isLimited: false }
  if (status === 404 && asked.ofOne !== true && !isPage(body))
    return new TajoError('source_not_found', `There is no Gladly organization at this address (404).`, {
      hint: MANNERS.hints.notFound,
    })
  const shape = shapeOf(asked)
  if (status !== 200 || shape === 'json') return toVerdict(judgeBy(MANNERS, answer, asked), headers)
  const json = shape === 'lines' ? readLines(body) : null
  const isAnswer = shape === 'lines' ? json !== null : !/^\s*[<{[]/.test(body)
  if (isAnswer) return { status, json, text: body, into: null, isLimited: false }
  return new TajoError(
    'source_unreadable',
    `Gladly answered ${asked.path} with ${status} and something that it does not document.`,
  )
}

/** What a 401 and a 403 say is not documented: nothing, too, is Gladly's; a page is somebody else's. */
function withWords(answer: HttpAnswer): HttpAnswer {
  const isBare = [401, 403].includes(answer.status) && answer.body.trim() === ''
  return isBare ? { ...answer, body: '{"errors":[]}' } : answer
}

const isPage = (body: string): boolean => parseBody(body) === undefined && body.trim() !== ''

function toVerdict(
  verdict: ReturnType<typeof judgeBy>,
  headers: Readonly<Record<string, string>> = {},
): GladlyAnswer | TajoError {
  if (verdict instanceof TajoError) return verdict
  const isLimited = headers['gladly-limited-data'] === 'true'
  return { status: verdict.status, json: verdict.json, text: '', into: null, isLimited }
}

function readMoved(body: string): string | null {
  const [moved] = toList(toObject(parseBody(body))?.['errors']).filter((one) => one['code'] === 'moved')
  return toId(toObject(moved?.['meta'])?.['new'])
}

/** Null where a line is no JSON: it was cut off, or is something else. */
function readLines(body: string): unknown[] | null {
  const lines = body.split('\n').filter((line) => line.trim() !== '')
  try {
    const items = lines.map((line) => parseExactly(line))
    // Of a line that is spoilt the others say what it is; where none does, it is something else.
    return items.length > 0 && !items.some(isNamed) ? null : items
  } catch {
    return null
  }
}

const isNamed = (item: unknown): boolean => {
  const { id, type, content, timestamp } = toObject(item) ?? {}
  return toId(id) !== null && (type ?? content ?? timestamp) !== undefined
}

const LISTS = /^\/(agents|inboxes|topics|webhooks|customer-profiles|export\/jobs)$|\/(conversations|items)$/
const OBJECT = /^\/(?:customer-profiles|conversations|conversation-items)\/([^/]+)$/

/** A list is one; an object says which one it is. */
function hasShape({ path }: Asked, json: unknown): boolean {
  if (LISTS.test(path)) return Array.isArray(json)
  const object = toObject(json)
  const asked = OBJECT.exec(path)?.[1]
  if (asked !== undefined) return object !== null && toId(object['id']) === decodeURIComponent(asked)
  return object !== null && toId(object['id']) !== null
}

function judgeChange(outcome: HttpOutcome, { method, path }: Change): GladlyAnswer | TajoError {
  const done = { POST: 201, PATCH: 200, PUT: 200, DELETE: 204 }[method]
  if (outcome.outcome === 'answer' && outcome.status === done) {
    const json = method === 'DELETE' ? {} : parseBody(outcome.body)
    if (method === 'DELETE' || toId(toObject(json)?.['id']) !== null)
      return { status: done, json, text: '', into: null, isLimited: false }
  }
  const verdict = judgeBy({ ...MANNERS, isAnswer: () => false }, outcome, { path })
  return verdict instanceof TajoError
    ? verdict
    : new TajoError('source_refused', `Gladly answered ${method} ${path} with ${verdict.status}.`)
}
