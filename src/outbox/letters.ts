// A dead letter in words: what it is, and what a person can do about it.
import { createHash } from 'node:crypto'

import { formatTime } from '../lib/human.ts'
import { NO_ID, readSetAsideKey } from '../model/set-aside.ts'
import { toIso } from '../model/time.ts'
import type { DeadLetter } from '../state/delivery/dead-letters.ts'
import type { Store } from '../state/store.ts'
import { splitIdentifier } from './retry.ts'

export interface DescribedLetter {
  /** Short, the same as long as the letter stands; names no person. */
  id: string
  kind: DeadLetter['kind']
  /** What was set aside, with addresses in full. */
  what: string
  why: string
  /** What to do, as a sentence; what follows is to try it again, or to give it up. */
  todo: string
  attempts: number
  first_at: string
  last_at: string
  /** Null: not without a person. */
  next_try_at: string | null
}

export function toLetterId({ kind, key }: DeadLetter): string {
  return createHash('sha256').update(`${kind}:${key}`).digest('hex').slice(0, 8)
}

export function describeLetter(letter: DeadLetter, store: Store): DescribedLetter {
  const { kind, reason, attempts, first_at, last_at, retry_at } = letter
  return {
    id: toLetterId(letter),
    kind,
    ...explain(letter, store),
    why: reason,
    attempts,
    first_at: toIso(first_at),
    last_at: toIso(last_at),
    next_try_at: retry_at === null ? null : toIso(Math.max(retry_at, last_at)),
  }
}

function explain({ kind, key, reason }: DeadLetter, store: Store): { what: string; todo: string } {
  switch (kind) {
    case 'record': {
      const { connector, stream, id, part } = readSetAsideKey(key)
      const named = id === NO_ID ? 'without an id' : id
      const words =
        part === 'phone' ? `the phone of customer ${id}` : `${STREAM_WORDS[stream] ?? stream} ${named}`
      return {
        what: `${words} in ${connector}`,
        todo: 'Look at the record in the helpdesk: it could not be read or understood.',
      }
    }
    case 'contact':
      return {
        what: `the contact ${key}`,
        todo: /deleted in Brevo/.test(reason)
          ? 'If the contact shall be in Brevo again, retry it: it is made anew, without its past.'
          : 'Put right in Brevo, or in connectors.yml, what the reason names.',
      }
    case 'identifier': {
      const [email, attribute] = splitIdentifier(key)
      return {
        what: `${attribute} of the contact ${email} (the rest of it was written)`,
        todo: 'Mend the value in the helpdesk, or free it in Brevo if another contact has it.',
      }
    }
    case 'handler':
      return { what: `the handler of ${key}`, todo: 'Mend the handler in your code.' }
    case 'event': {
      const event = store.outboxEvents.find(key)
      return {
        what:
          event === null
            ? `the event ${key}`
            : `the event ${event.name} of ${formatTime(toIso(event.occurredAt))} for ${event.email}`,
        todo:
          event?.state === 'parked'
            ? `Look at the contact's timeline in Brevo: is the event there? If it is not, retry sends it again.`
            : 'Put right what the reason names.',
      }
    }
  }
}

const STREAM_WORDS: Record<string, string> = {
  customers: 'customer',
  tickets: 'ticket',
  satisfaction_surveys: 'survey',
  messages: 'message',
  events: 'entry of the event feed',
  feed: 'entry of the event feed',
}
