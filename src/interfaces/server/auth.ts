// Who may call: a secret in a header, Basic credentials, or a signature over the raw body. Compared in constant time, over digests
// of equal length, so that neither a length nor a prefix is told (reliability.md § 4.2).
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

export const SECRET_HEADER = 'x-tajo-secret'

export interface HmacRule {
  header: string
  algorithm: 'sha1' | 'sha256' | 'sha512'
  encoding: 'hex' | 'base64'
}

export interface Guard {
  /** Every one that is valid now: during a rotation there are two. */
  secrets(): readonly string[]
  hmac: HmacRule | null
}

type Headers = Record<string, string | string[] | undefined>

const key = randomBytes(32)
const digest = (text: string): Buffer => createHmac('sha256', key).update(text).digest()

/** True if both are the same; takes as long whatever they are. */
export function isSame(given: string, expected: string): boolean {
  return timingSafeEqual(digest(given), digest(expected))
}

/** A signature where one is demanded; else the secret, in its header or as the password of Basic credentials. */
export function isAuthentic(guard: Guard, headers: Headers, body: Buffer): boolean {
  const given = guard.hmac === null ? [one(headers[SECRET_HEADER]), toPassword(headers)] : []
  let authentic = false
  // All are compared, so that the time does not tell which one fits.
  for (const expected of guard.secrets()) {
    if (guard.hmac !== null) authentic = isSigned(guard.hmac, expected, headers, body) || authentic
    else for (const text of given) authentic = (text !== null && isSame(text, expected)) || authentic
  }
  return authentic
}

function isSigned(rule: HmacRule, secret: string, headers: Headers, body: Buffer): boolean {
  const given = one(headers[rule.header.toLowerCase()])
  if (given === null) return false
  const expected = createHmac(rule.algorithm, secret).update(body).digest(rule.encoding)
  const bare = given.startsWith(`${rule.algorithm}=`) ? given.slice(rule.algorithm.length + 1) : given
  return isSame(rule.encoding === 'hex' ? bare.toLowerCase() : bare, expected)
}

function toPassword(headers: Headers): string | null {
  const match = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(one(headers['authorization']) ?? '')
  if (match === null) return null
  const text = Buffer.from(match[1]!, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon === -1 ? null : text.slice(colon + 1)
}

/** `Authorization: Bearer …` */
export function toBearer(headers: Headers): string | null {
  return /^Bearer (\S+)$/i.exec(one(headers['authorization']) ?? '')?.[1] ?? null
}

function one(value: string | string[] | undefined): string | null {
  return typeof value === 'string' ? value : null
}
