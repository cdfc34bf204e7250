// What may be asked of Brevo. There is deliberately no way to say: un-blocklist, re-subscribe or merge.

import type { Instant } from './time.ts'

export type AttributeValue = string | number | boolean | string[]

/** What a contact should hold and be in, as far as tajo has a say. */
export interface ProjectedContact {
  email: string
  /** A value, or `null`: known to be empty and to be cleared. Attributes not named are left alone. */
  attributes: Record<string, AttributeValue | null>
  /** Ids of the lists that the contact belongs to by tajo's rules. */
  lists: number[]
  /** Lists of which nothing can be said yet, because a first sync is still reading: memberships of them are left as they are. */
  undecided: number[]
}

/**
 * Why a contact is, or is not, in a list, as far as tajo knows: `given` by tajo (and taken again by it), `found` there
 * already, or `left` by the contact, who is then not put back. `giving`: the contact was looked at and was not in it, and
 * the write that adds it has left; found there later, the membership is tajo's.
 */
export type Membership = 'given' | 'giving' | 'found' | 'left'

/** What a person said no to. tajo carries it from address to address, and never takes it back. */
export interface OptOut {
  /** All e-mails. */
  blocked: boolean
  /** Lists. */
  left: readonly number[]
}

/** What Brevo was last sent of a contact. */
export interface SentState {
  /** False until Brevo took a write for this address. */
  exists: boolean
  /** It was there and is not any more: someone deleted it in Brevo, and tajo does not put it back. */
  gone: boolean
  attributes: Record<string, AttributeValue | null>
  lists: Record<string, Membership>
  /** Not read back yet: an import that may have `made` the contact, or that wrote to one that was `known` before. */
  unverified: 'made' | 'known' | null
  /** A read-back showed a difference: the next write goes singly. */
  repair: boolean
  /** When; null before the first time. */
  sentAt: Instant | null
}

/** The difference between projected and sent: one write. */
export interface ContactWrite {
  email: string
  exists: boolean
  attributes: Record<string, AttributeValue | null>
  addLists: number[]
  /** Of `addLists`, those that an earlier write may have added already. */
  giving: number[]
  removeLists: number[]
  /** Not known what Brevo holds: look before adding to a list, so that nobody who left one is put back. */
  lookUp: boolean
  /** A read-back showed a difference: everything is written again, singly. */
  repair: boolean
}

/** An event on a contact's timeline. It is fixed when it happens and never computed again. */
export interface EventWrite {
  eventId: string
  email: string
  name: string
  /** ISO 8601 */
  date: string
  properties: Record<string, AttributeValue | null>
  /** Attributes that Brevo sets on the contact with the event. */
  contactProperties?: Record<string, string | number | boolean> | undefined
  /** What a customer wrote, by the names of the properties that tell it: sent, and not kept after that. */
  said?: readonly string[] | undefined
}

/** What became of one operation. */
export type Outcome<Done> =
  | ({ result: 'done' } & Done)
  /** Not carried out for certain: safe to try again. */
  | { result: 'retry'; reason: string; afterMs?: number }
  /** It may have been carried out: no answer came. */
  | { result: 'uncertain'; reason: string }
  /** Brevo will not have it as it is. */
  | { result: 'refused'; reason: string }

/** Attributes that identify a contact: an import may merge contacts by them, so they only travel in single writes. */
export const IDENTIFIERS: ReadonlySet<string> = new Set([
  'SMS',
  'WHATSAPP',
  'LANDLINE_NUMBER',
  'EXT_ID',
  'EMAIL',
])

/** What clears an attribute in a single write. Which value does is not documented (brevo-api.md § 3), so it is named once. */
export const CLEAR_VALUE = ''

export function hasWork(write: ContactWrite): boolean {
  return (
    !write.exists ||
    Object.keys(write.attributes).length > 0 ||
    write.addLists.length > 0 ||
    write.removeLists.length > 0
  )
}

/**
 * What to do with an event that may have arrived. `verify`: look for it, send it again once three looks found nothing.
 * `never_twice`: look for it, and set it aside then. `never_lose`: send it again at once.
 */
export const UNCERTAIN_POLICIES = ['verify', 'never_twice', 'never_lose'] as const
export type UncertainPolicy = (typeof UNCERTAIN_POLICIES)[number]

export interface UncertainRule {
  policy: UncertainPolicy
  /** How long Brevo may take to show an event in its list. */
  verifyAfterMs: number
}

/** How many memberships a run may take away: a number, or a share of those that tajo gave and then at least `atLeast`. */
export type RemovalLimit = { count: number } | { share: number; atLeast: number }
