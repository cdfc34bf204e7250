// The cookies of the console: who is signed in, and how somebody likes to look at it.
import type { FastifyRequest } from 'fastify'

import type { Site } from './gate.ts'

/** Browsers take a name with `__Host-` only over https, for this host alone, and for all of it. */
const sessionName = ({ isSecure }: Site): string => (isSecure ? '__Host-tajo_session' : 'tajo_session')

const YEAR_SECONDS = 365 * 24 * 3_600

export function readCookie({ headers }: FastifyRequest, name: string): string | null {
  for (const pair of (headers.cookie ?? '').split(';')) {
    const at = pair.indexOf('=')
    if (at !== -1 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim()
  }
  return null
}

export const readSession = (request: FastifyRequest, site: Site): string | null =>
  readCookie(request, sessionName(site))

/** `seconds`: 0 takes it away. */
export const toSessionCookie = (value: string, seconds: number, site: Site): string =>
  `${sessionName(site)}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${Math.floor(seconds)}${secure(site)}`

/** No script has to read them: pages are made with them. */
export const toChoiceCookie = (name: string, value: string, site: Site): string =>
  `${name}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${YEAR_SECONDS}${secure(site)}`

const secure = ({ isSecure }: Site): string => (isSecure ? '; Secure' : '')
