// How Gladly names things: 22 characters of base64url; and its times, to the millisecond (gladly-intercom-api.md § A.3).
export type Kind =
  | 'customer'
  | 'conversation'
  | 'contact'
  | 'item'
  | 'event'
  | 'agent'
  | 'topic'
  | 'job'
  | 'webhook'

const KINDS: readonly Kind[] = [
  'customer',
  'conversation',
  'contact',
  'item',
  'event',
  'agent',
  'topic',
  'job',
  'webhook',
]

/** Ids begin with what looks like chance, and may hold `_` and `-`. */
const MASK = Buffer.from('38fb9f2a6c17d04be0aa51fe', 'hex')

export function toId(kind: Kind, number: number): string {
  const bytes = Buffer.alloc(16)
  MASK.copy(bytes)
  bytes.writeUInt8(KINDS.indexOf(kind) + 200, 7)
  bytes.writeBigUInt64BE(BigInt(number), 8)
  return bytes.toString('base64url')
}

/** 0: nothing of this kind. */
export function readId(kind: Kind, text: string): number {
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.length !== 16) return 0
  const number = Number(bytes.readBigUInt64BE(8))
  return Number.isSafeInteger(number) && toId(kind, number) === text ? number : 0
}

/** `2019-02-21T07:15:18.07Z`: microseconds → milliseconds. */
export const toTime = (micros: number): string => new Date(Math.floor(micros / 1000)).toISOString()

/** Micros of a time that was given; NaN where it is none. */
export const readTime = (text: unknown): number =>
  typeof text === 'string' ? Date.parse(text) * 1000 : Number.NaN
