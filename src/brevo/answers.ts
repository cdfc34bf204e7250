// What each endpoint of Brevo answers when it did what was asked: status and shape, as documented (brevo-api.md § 2). Whatever
// else comes back (a maintenance page with 200, a redirect, a 2xx of another kind) was written by something in between, and
// says nothing of what Brevo did.
import type { HttpAnswer, HttpRequest } from '../lib/net/http.ts'
import { toObject } from './wire.ts'

/** The parsed body of an answer; undefined where it has none. */
type Shape = (body: unknown) => boolean

export interface Endpoint {
  method: HttpRequest['method']
  /** Path below the base URL, without its query. */
  path: RegExp
  /** Status of a success → what its body must be. */
  success: Readonly<Record<number, Shape>>
  /** The body of a refusal, where it differs from Brevo's usual one. */
  refusal?: Shape
}

const isNothing: Shape = (body) => body === undefined
const hasNumber =
  (key: string): Shape =>
  (body) =>
    typeof toObject(body)?.[key] === 'number'
const hasText =
  (key: string): Shape =>
  (body) =>
    typeof toObject(body)?.[key] === 'string'
const hasList =
  (key: string): Shape =>
  (body) =>
    Array.isArray(toObject(body)?.[key])
/** Brevo leaves an empty list out, or writes null, and counts 0. */
const hasCountedList =
  (key: string): Shape =>
  (body) => {
    const { [key]: list, count } = toObject(body) ?? {}
    return typeof count === 'number' && (Array.isArray(list) || (list == null && count === 0))
  }
/** The specification shows it with and without its wrapper (brevo-api.md § 2.7). */
const hasAdded: Shape = (body) => {
  const added = toObject(toObject(body)?.['contacts'] ?? body)
  return Array.isArray(added?.['success']) || Array.isArray(added?.['failure'])
}
const isError: Shape = (body) => hasText('message')(body)

export const ENDPOINTS: readonly Endpoint[] = [
  { method: 'GET', path: /^\/account$/, success: { 200: hasText('email') } },
  { method: 'GET', path: /^\/contacts$/, success: { 200: hasCountedList('contacts') } },
  { method: 'POST', path: /^\/contacts$/, success: { 201: hasNumber('id'), 204: isNothing } },
  { method: 'POST', path: /^\/contacts\/import$/, success: { 202: hasNumber('processId') } },
  { method: 'GET', path: /^\/contacts\/attributes$/, success: { 200: hasList('attributes') } },
  {
    method: 'POST',
    path: /^\/contacts\/attributes\/[^/]+\/[^/]+$/,
    success: { 201: isNothing },
  },
  { method: 'GET', path: /^\/contacts\/folders$/, success: { 200: hasCountedList('folders') } },
  { method: 'POST', path: /^\/contacts\/folders$/, success: { 201: hasNumber('id') } },
  { method: 'GET', path: /^\/contacts\/lists$/, success: { 200: hasCountedList('lists') } },
  { method: 'POST', path: /^\/contacts\/lists$/, success: { 201: hasNumber('id') } },
  { method: 'POST', path: /^\/contacts\/lists\/\d+\/contacts\/add$/, success: { 201: hasAdded } },
  // After all other paths of /contacts: an identifier may be anything.
  { method: 'GET', path: /^\/contacts\/[^/]+$/, success: { 200: hasText('email') } },
  { method: 'PUT', path: /^\/contacts\/[^/]+$/, success: { 204: isNothing } },
  { method: 'DELETE', path: /^\/contacts\/[^/]+$/, success: { 204: isNothing } },
  { method: 'GET', path: /^\/events$/, success: { 200: hasCountedList('events') } },
  { method: 'POST', path: /^\/events$/, success: { 204: isNothing } },
  {
    method: 'POST',
    path: /^\/events\/batch$/,
    success: { 202: hasNumber('count'), 207: hasList('errors') },
    refusal: (body) => isError(body) || hasList('errors')(body),
  },
  { method: 'GET', path: /^\/processes\/\d+$/, success: { 200: hasText('status') } },
]

/** True for an answer that Brevo documents for this request, be it a success or a refusal. */
export function isDocumented(method: HttpRequest['method'], path: string, answer: HttpAnswer): boolean {
  const { status } = answer
  // Whoever says so did not carry it out, or can't be asked: the status alone decides.
  if (status === 429 || (status >= 500 && status <= 599)) return true
  const bare = path.replace(/\?.*$/, '')
  const endpoint = ENDPOINTS.find((one) => one.method === method && one.path.test(bare))
  const body = parse(answer.body)
  if (endpoint === undefined || !body.isReadable) return false
  if (status >= 400 && status <= 499) return (endpoint.refusal ?? isError)(body.value)
  return endpoint.success[status]?.(body.value) ?? false
}

function parse(text: string): { isReadable: boolean; value: unknown } {
  if (text.trim() === '') return { isReadable: true, value: undefined }
  try {
    return { isReadable: true, value: JSON.parse(text) as unknown }
  } catch {
    return { isReadable: false, value: undefined }
  }
}
