// Whether a delivery was made with a secret: a secret in a header, Basic credentials, or a signature over the raw body. Compared in
// constant time, over digests of equal length, so that neither a length nor a prefix is told (reliability.md § 4.2).
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

export type Headers = Readonly<Record<string, string | string[] | undefined>>

export interface HmacRule {
  header: string
  algorithm: 'sha1' | 'sha256' | 'sha512'
  encoding: 'hex' | 'base64'
}

const key = randomBytes(32)
const digest = (text: string): Buffer => createHmac('sha256', key).update(text).digest()

/** True if both are the same; takes as long whatever they are. */
export function isSameSecret(given: string, expected: string): boolean {
  return timingSafeEqual(digest(given), digest(expected))
}

/** One of the secrets stands in this header, or is the password of Basic credentials. */
export function bearsSecret(headers: Headers, header: string, secrets: readonly string[]): boolean {
  const given = [oneOf(headers[header.toLowerCase()]), readBasic(headers)?.password ?? null]
  return isAny(secrets, (secret) =>
    given.map((text) => text !== null && isSameSecret(text, secret)).includes(true),
  )
}

/** The body is signed with one of the secrets; `sha256=` and the like before the signature is left out. */
export function isSigned(
  rule: HmacRule,
  { headers, body }: { headers: Headers; body: Buffer },
  secrets: readonly string[],
): boolean {
  const given = oneOf(headers[rule.header.toLowerCase()])
  if (given === null) return false
  const bare = given.startsWith(`${rule.algorithm}=`) ? given.slice(rule.algorithm.length + 1) : given
  const signature = rule.encoding === 'hex' ? bare.toLowerCase() : bare
  return isAny(secrets, (secret) =>
    isSameSecret(signature, createHmac(rule.algorithm, secret).update(body).digest(rule.encoding)),
  )
}

/** All are looked at, so that the time does not tell which one fits. */
function isAny(secrets: readonly string[], fits: (secret: string) => boolean): boolean {
  return secrets.map((secret) => fits(secret)).includes(true)
}

/** `Authorization: Basic …` */
function readBasic(headers: Headers): { user: string; password: string } | null {
  const match = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(oneOf(headers['authorization']) ?? '')
  if (match === null) return null
  const text = Buffer.from(match[1]!, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon === -1 ? null : { user: text.slice(0, colon), password: text.slice(colon + 1) }
}

/** `Authorization: Bearer …` */
export function readBearer(headers: Headers): string | null {
  return /^Bearer (\S+)$/i.exec(oneOf(headers['authorization']) ?? '')?.[1] ?? null
}

function oneOf(value: string | string[] | undefined): string | null {
  return typeof value === 'string' ? value : null
}
