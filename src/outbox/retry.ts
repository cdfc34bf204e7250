// What Brevo refused is tried again when its time has come; so is what a person wants to see tried again.
import { fromMs } from '../model/time.ts'
import type { DeadLetter } from '../state/delivery/dead-letters.ts'
import type { Move } from '../state/delivery/moves.ts'
import type { Store } from '../state/store.ts'
import { isAskedFor } from '../model/set-aside.ts'
import type { DeliveryContext } from './delivery.ts'

/** Makes due what is to be tried again now. */
export function retryRefused({ store, clock }: DeliveryContext): void {
  const now = fromMs(clock.now())
  for (const kind of ['event', 'identifier'] as const) {
    for (const letter of store.deadLetters.due(kind, now)) store.transaction(() => retryLetter(store, letter))
  }
}

/** The dead letter stays until it came right. Why it can't be tried again, null if it is. Called in a transaction. */
export function retryLetter(store: Store, { kind, key }: DeadLetter): string | null {
  store.deadLetters.retryAt(kind, key, null)
  switch (kind) {
    case 'event': {
      const event = store.outboxEvents.find(key)
      if (event !== null && store.contacts.lastSent(event.email).gone)
        return 'Its contact was deleted in Brevo: retry the dead letter of that contact first.'
      if (store.outboxEvents.retry(key)) return null
      store.deadLetters.clear(kind, key)
      return 'What was in it is not kept any more, so it is not set aside any more either.'
    }
    case 'identifier': {
      const [email, attribute] = splitIdentifier(key)
      store.contacts.unsay(email, attribute)
      store.outboxContacts.mark(email, 'background')
      return null
    }
    case 'contact': {
      // Its address is to be changed first: that is what is tried again.
      if (leadTo(store, key).length > 0) {
        store.deadLetters.retryAt(kind, key, 0)
        return null
      }
      const lastSent = store.contacts.lastSent(key)
      // Asked for by a person: the contact may be made again.
      if (lastSent.gone && lastSent.sentAt !== null)
        store.contacts.putSent(key, { ...lastSent, gone: false }, lastSent.sentAt)
      store.outboxContacts.mark(key, 'live')
      return null
    }
    case 'handler':
      store.handlerEvents.reopen(key)
      store.deadLetters.clear(kind, key)
      return null
    case 'record':
      if (!isAskedFor(key))
        return 'The helpdesk is not asked for it singly: the next reconcile reads it again.'
      // Read again by the next run (sync/read/retry-records.ts).
      store.deadLetters.retryAt(kind, key, 0)
      return null
  }
}

/** Given up: nothing of it is tried any more, until it changes by itself. Called in a transaction. */
export function dropLetter(store: Store, { kind, key }: DeadLetter): void {
  store.deadLetters.clear(kind, key)
  if (kind !== 'contact') return
  for (const move of leadTo(store, key)) {
    store.moves.remove(move)
    // Brevo does not let it be blocked there: so it is not written, either.
    if (move.looked?.blocked !== false) {
      store.contacts.expect(key)
      store.contacts.setGone(key)
    }
  }
  store.outboxContacts.drop(key)
}

/** `jane@example.com/SMS` → address and attribute; an address may hold a slash. */
export function splitIdentifier(key: string): [email: string, attribute: string] {
  const slash = key.lastIndexOf('/')
  return [key.slice(0, slash), key.slice(slash + 1)]
}

function leadTo(store: Store, email: string): Move[] {
  return store.moves.at(email).filter((one) => one.to === email || one.target === email)
}
