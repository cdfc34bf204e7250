import type { BrevoAccount } from '../../src/sandbox/brevo/account.ts'

/** Something that the timeline of a contact has to tell, once. */
export interface Occurrence {
  event: string
  /** The property that names the object, and its value. */
  about: ['ticket_id' | 'survey_id' | 'customer_id', string]
  at: number
  customerId: number
  /** False: something else happened that may keep it from being seen or from having anybody to tell. */
  must: boolean
  /** Where it happened. */
  connector: 'main' | 'outlet'
}

export function isTold(account: BrevoAccount, { event, about: [key, value], at }: Occurrence): boolean {
  const date = Math.floor(at / 1000)
  return account.events.some(
    (one) =>
      one.name === event &&
      one.properties[key] === value &&
      (event === 'SURVEY_RESPONDED' || Date.parse(one.date) === date),
  )
}
