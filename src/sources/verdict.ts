// What an outcome of a helpdesk's API means, as far as they are alike: only what is documented is an answer, and only an error in the
// vendor's own shape is the vendor's; anything else was put there by something in between.
import { TajoError } from '../lib/errors.ts'
import type { HttpOutcome } from '../lib/net/http.ts'
import { parseExactly } from '../lib/net/json.ts'
import type { Asked } from './client.ts'

export interface Manners {
  label: string
  /** The vendor's own words in an error of its shape, maybe empty; null where the body is none. */
  readError(this: void, json: unknown): string | null
  /** Whether the body is what this request documents. */
  isAnswer(this: void, asked: Asked, json: unknown): boolean
  /** What a person does about a key that is not let in, or may not read this. */
  hints: { unauthorized: string; forbidden: string; notFound: string }
  /** Where a 429 names no time. */
  pauseMs: number
  /** How long a 429 asks to wait, where it is not in `Retry-After`; null where it does not say. A time is compared with its `date`. */
  readPauseMs?(this: void, headers: Readonly<Record<string, string>>): number | null
}

/** `status` is 200 or 404, each in the shape that the vendor documents; everything else is an error. */
export function judgeBy(
  { label, readError, isAnswer, hints, pauseMs, readPauseMs = () => null }: Manners,
  outcome: HttpOutcome,
  asked: Asked,
): { status: 200 | 404; json: unknown } | TajoError {
  const { path, isContinued = false, ofOne = false } = asked
  if (outcome.outcome !== 'answer')
    return new TajoError(
      'source_unavailable',
      `${label} could not be reached (${outcome.reason}) at ${path}.`,
    )
  const { status, headers, body } = outcome
  const json = parseBody(body)
  if (status === 200 && isAnswer(asked, json)) return { status, json }
  const words = readError(json)
  const said = words === null || words === '' ? '' : `: ${words.slice(0, 200)}`
  if (status === 401 && words !== null)
    return new TajoError('source_unauthorized', `${label} refused the API key (401).`, {
      hint: hints.unauthorized,
    })
  if (status === 403 && words !== null)
    return new TajoError(
      'source_unauthorized',
      `${label} does not allow this key to read ${path} (403${said}).`,
      {
        hint: hints.forbidden,
      },
    )
  if (status === 404 && words !== null) return { status, json }
  // An unknown account answers with a web page; a missing object with the vendor's own error.
  if (status === 404 && json === undefined && !ofOne)
    return new TajoError('source_not_found', `There is no ${label} API at this address (404 and no JSON).`, {
      hint: hints.notFound,
    })
  if (status === 429) {
    const given = Number(headers['retry-after'])
    const inHeader = Number.isFinite(given) && given > 0 ? given * 1000 : null
    const retryAfterMs = inHeader ?? readPauseMs(headers) ?? pauseMs
    return new TajoError('source_unavailable', `${label} asks to slow down (429).`, { retryAfterMs })
  }
  if (status >= 500 || status === 408 || status === 425)
    return new TajoError('source_unavailable', `${label} answered ${path} with ${status}.`)
  // A refusal has a status of its own, too: an error under another one was put there by something in between.
  if (status < 400 || words === null)
    return new TajoError(
      'source_unreadable',
      `${label} answered ${path} with ${status} and something that it does not document.`,
    )
  return status === 400 && isContinued
    ? new TajoError('source_cursor_refused', `${label} no longer takes the cursor of ${path} (400${said}).`)
    : new TajoError('source_refused', `${label} refused ${path} (${status}${said}).`)
}

/** `undefined` where it is no JSON. */
export function parseBody(body: string): unknown {
  try {
    return parseExactly(body)
  } catch {
    return undefined
  }
}
