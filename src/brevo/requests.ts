// What a request to Brevo asks for, read off the request itself: for those who stand between tajo and Brevo.
import type { HttpRequest } from '../lib/net/http.ts'
import type { AttributeValue } from '../model/operations.ts'
import { type Json, toItems, toNumbers, toObject, toText } from './wire.ts'

/** What one request writes of one contact. */
export interface WrittenContact {
  email: string
  /** `null` clears; the external id is `EXT_ID`. */
  attributes: Record<string, AttributeValue | null>
  add: number[]
  remove: number[]
  /** Its new address; null: it keeps its own. */
  renameTo: string | null
  block: boolean
}

export interface WrittenEvent {
  eventId: string
  name: string
  email: string
}

export type Asked =
  | { kind: 'read contact'; email: string }
  | { kind: 'read contacts'; query: URLSearchParams }
  | { kind: 'read process' }
  | { kind: 'read' }
  | { kind: 'upsert' | 'update'; contact: WrittenContact }
  | { kind: 'import'; contacts: WrittenContact[] }
  | { kind: 'add to list'; list: number; emails: string[] }
  | { kind: 'events'; batch: boolean; events: WrittenEvent[] }
  | { kind: 'unknown' }

export function readRequest(request: HttpRequest, baseUrl: string): Asked {
  const { pathname, searchParams } = new URL(request.url)
  const path = pathname.slice(new URL(baseUrl).pathname.replace(/\/$/, '').length)
  const email = /^\/contacts\/([^/]*(?:@|%40)[^/]*)$/i.exec(path)?.[1]
  const one = email === undefined ? null : decodeURIComponent(email).toLowerCase()
  if (request.method === 'GET') {
    if (one !== null) return { kind: 'read contact', email: one }
    if (path === '/contacts') return { kind: 'read contacts', query: searchParams }
    return { kind: path.startsWith('/processes/') ? 'read process' : 'read' }
  }
  const body = toObject(JSON.parse(request.body ?? '{}')) ?? {}
  if (request.method === 'PUT' && one !== null) return { kind: 'update', contact: toWritten(one, body) }
  if (request.method !== 'POST') return { kind: 'unknown' }
  const list = /^\/contacts\/lists\/(\d+)\/contacts\/add$/.exec(path)?.[1]
  if (list !== undefined) return { kind: 'add to list', list: Number(list), emails: toTexts(body['emails']) }
  switch (path) {
    case '/contacts':
      return { kind: 'upsert', contact: toWritten(emailOf(body), body) }
    case '/contacts/import': {
      const rows = toItems(body, 'jsonBody', 'An import')
      const lists = { listIds: body['listIds'] }
      return { kind: 'import', contacts: rows.map((row) => toWritten(emailOf(row), { ...row, ...lists })) }
    }
    case '/events':
      return { kind: 'events', batch: false, events: [toEvent(body)] }
    case '/events/batch':
      return {
        kind: 'events',
        batch: true,
        events: toItems(body, 'events', 'A batch').map((event) => toEvent(event)),
      }
    default:
      return { kind: 'unknown' }
  }
}

function toWritten(email: string, body: Json): WrittenContact {
  const { EMAIL: to, ...attributes } = toObject(body['attributes']) ?? {}
  const cleared = Object.entries(attributes).map(([name, value]) => [name, value === '' ? null : value])
  const externalId = body['ext_id'] === undefined ? {} : { EXT_ID: body['ext_id'] }
  const renameTo = toText(to)?.toLowerCase() ?? null
  return {
    email,
    attributes: { ...Object.fromEntries(cleared), ...externalId } as WrittenContact['attributes'],
    add: toNumbers(body['listIds']),
    remove: toNumbers(body['unlinkListIds']),
    renameTo: renameTo === email ? null : renameTo,
    block: body['emailBlacklisted'] === true,
  }
}

function toEvent(body: Json): WrittenEvent {
  return {
    eventId: toText(toObject(body['event_properties'])?.['event_id']) ?? '',
    name: toText(body['event_name']) ?? '',
    email: toText(toObject(body['identifiers'])?.['email_id']) ?? '',
  }
}

const emailOf = (body: Json): string => (toText(body['email']) ?? '').toLowerCase()

const toTexts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : []
