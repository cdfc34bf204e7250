// What callers of the control API may send, looked at before anything is done with it. Throws `usage`: an answer 400.
import { TajoError } from '../../lib/errors.ts'

export type Body = Record<string, unknown>

const RESOURCES = ['customers', 'tickets', 'satisfaction_surveys']

export function toBody(raw: unknown): Body {
  if (!Buffer.isBuffer(raw) || raw.length === 0) return {}
  try {
    const value: unknown = JSON.parse(raw.toString('utf8'))
    if (isObject(value)) return value
  } catch {
    // Said below.
  }
  throw new TajoError('usage', 'The body is no JSON object.')
}

export function toSyncRequest(body: Body): Body {
  const { type, resources, since, batchSize } = body
  refuseUnless(type === undefined || type === 'incremental' || type === 'full', 'type', 'incremental or full')
  refuseUnless(
    resources === undefined ||
      (Array.isArray(resources) && resources.every((one) => RESOURCES.includes(one as string))),
    'resources',
    `a list of ${RESOURCES.join(', ')}`,
  )
  refuseUnless(since === undefined || typeof since === 'string', 'since', 'a date such as 2024-01-31')
  refuseUnless(batchSize === undefined || typeof batchSize === 'number', 'batchSize', 'a number')
  return body
}

export function toTriggerRequest(body: Body): Body {
  const { email, params, idempotencyKey } = body
  refuseUnless(typeof email === 'string', 'email', 'an e-mail address')
  refuseUnless(
    params === undefined || (isObject(params) && Object.values(params).every((one) => isValue(one))),
    'params',
    'an object of texts, numbers, booleans, lists of texts, or null',
  )
  refuseUnless(
    idempotencyKey === undefined || (typeof idempotencyKey === 'string' && idempotencyKey !== ''),
    'idempotencyKey',
    'a text',
  )
  return body
}

export function toTexts(value: unknown, name: string): string[] {
  refuseUnless(Array.isArray(value) && value.every((one) => typeof one === 'string'), name, 'a list of texts')
  return value as string[]
}

function refuseUnless(isRight: boolean, name: string, expected: string): void {
  if (!isRight) throw new TajoError('usage', `\`${name}\` should be ${expected}.`)
}

function isObject(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isValue(value: unknown): boolean {
  if (Array.isArray(value)) return value.every((one) => typeof one === 'string')
  return value === null || ['string', 'number', 'boolean'].includes(typeof value)
}
