// A Gorgias listing: parameters checked, a page read by keyset cursor, the envelope around it (gorgias-api.md § 3).
import type { FastifyReply, FastifyRequest } from 'fastify'

import { toGorgiasTime } from './json.ts'
import type { SortedList } from '../sorted-list.ts'

export interface Listing {
  /** order_by value → what it sorts; the first is the default. */
  orders: Record<string, () => { list: SortedList<never>; direction: 'asc' | 'desc'; key: string }>
  filters?: string[]
  required?: string[]
  item(one: never): unknown
  keep?(one: never, query: Query): boolean
}

export type Query = Record<string, string | string[] | undefined>

export function answerList(
  request: FastifyRequest,
  reply: FastifyReply,
  path: string,
  definition: Listing,
): unknown {
  const query = request.query as Query
  const bad = (field: string, why: string) =>
    reply.code(400).send({ error: { msg: `Failed to list ${path}`, data: { [field]: [why] } } })
  const known = new Set(['cursor', 'limit', 'order_by', ...(definition.filters ?? [])])
  for (const name of Object.keys(query)) if (!known.has(name)) return bad(name, 'Unknown field.')
  for (const name of definition.required ?? [])
    if (query[name] === undefined) return bad(name, 'Missing data for required field.')
  const limit = query['limit'] === undefined ? 30 : Number(query['limit'])
  if (!Number.isInteger(limit) || limit < 1 || limit > 100) return bad('limit', 'Must be between 1 and 100.')
  const orderBy = query['order_by'] ?? Object.keys(definition.orders)[0]!
  const order = definition.orders[String(orderBy)]
  if (order === undefined) return bad('order_by', 'Not a valid choice.')
  const after = readCursor(query['cursor'])
  if (after === undefined) return bad('cursor', 'Invalid cursor.')

  const { list, direction, key } = order()
  const found = collect(list, direction, key, after, limit, (one) => definition.keep?.(one, query) ?? true)
  const last = found.items.at(-1) as Record<string, number> | undefined
  return reply.header('content-type', 'application/json').send(
    JSON.stringify({
      data: found.items.map((one) => definition.item(one)),
      object: 'list',
      uri: request.url,
      meta: {
        prev_cursor: null,
        next_cursor: found.more && last !== undefined ? writeCursor(last[key]!, last['id']!) : null,
      },
    }),
  )
}

type Position = { key: number; id: number } | null

/** Pages through the order until enough items pass the filter. */
function collect(
  list: SortedList<never>,
  direction: 'asc' | 'desc',
  key: string,
  from: Position,
  limit: number,
  keep: (one: never) => boolean,
) {
  const items: never[] = []
  let after = from
  for (;;) {
    const page = list.page(direction, after, limit + 1)
    for (const one of page) {
      if (!keep(one)) continue
      if (items.length === limit) return { items, more: true }
      items.push(one)
    }
    const last = page.at(-1) as Record<string, number> | undefined
    if (page.length <= limit || last === undefined) return { items, more: false }
    after = { key: last[key]!, id: last['id']! }
  }
}

/** The decoded form that was recorded: direction, the last row's sort value (naive UTC), its id (gorgias-api.md § 3). */
function writeCursor(micros: number, id: number): string {
  const naive = toGorgiasTime(micros).replace('+00:00', '')
  return Buffer.from(JSON.stringify(['next', naive, id])).toString('base64')
}

function readCursor(raw: string | string[] | undefined): Position | undefined {
  if (raw === undefined) return null
  try {
    const [direction, naive, id] = JSON.parse(Buffer.from(String(raw), 'base64').toString()) as [
      string,
      string,
      number,
    ]
    const key = toMicros(naive)
    return direction === 'next' && Number.isFinite(key) && Number.isInteger(id) ? { key, id } : undefined
  } catch {
    return undefined
  }
}

function toMicros(text: string): number {
  const [whole = '', fraction = ''] = text.replace(/(Z|\+00:00)$/, '').split('.')
  return Date.parse(`${whole}Z`) * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6))
}

export function isWithin(created: number, query: Query): boolean {
  const bound = (name: string): number | null =>
    query[`created_datetime[${name}]`] === undefined
      ? null
      : toMicros(String(query[`created_datetime[${name}]`]))
  const [gte, gt, lte, lt] = [bound('gte'), bound('gt'), bound('lte'), bound('lt')]
  return (
    (gte === null || created >= gte) &&
    (gt === null || created > gt) &&
    (lte === null || created <= lte) &&
    (lt === null || created < lt)
  )
}
