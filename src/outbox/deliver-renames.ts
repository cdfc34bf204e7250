// Customers whose address changed: their contact follows, before either address is written.
import type { Renamed } from '../model/destination.ts'
import { IDENTIFIERS } from '../model/operations.ts'
import { fromMs } from '../model/time.ts'
import type { PendingRename } from '../state/renames.ts'
import type { Store } from '../state/store.ts'
import type { DeliveryContext } from './delivery.ts'

/** So many that it does not take, one after the other, mean that Brevo is not well. */
const GIVE_UP_AFTER = 4

/** False if Brevo takes none now. One that it does not take waits, with both of its addresses; the others go on. */
export async function deliverRenames(context: DeliveryContext, signal?: AbortSignal): Promise<boolean> {
  const { store, destination } = context
  const waiting = new Set<string>()
  while (waiting.size < GIVE_UP_AFTER) {
    const pending = store.renames.all().filter((one) => !waiting.has(one.to) && !waiting.has(one.from))
    // One that may have been made already is finished first; a change of a change waits for the one before it.
    const next =
      pending.find((one) => one.blocked !== null && isDue(context, one)) ??
      pending.find((one) => !pending.some((other) => other.to === one.from) && isDue(context, one))
    if (next === undefined) return true
    signal?.throwIfAborted()
    if (next.blocked === null && !isWanted(context, next)) {
      drop(context, next)
      continue
    }
    const outcome = await destination.renameContact(
      next,
      (blocked) => store.transaction(() => store.renames.note(next.to, blocked)),
      signal,
    )
    if (outcome.result === 'retry' || outcome.result === 'uncertain') waiting.add(next.to)
    else if (outcome.result === 'refused') setAside(context, next, outcome.reason)
    else settle(context, next, outcome.became)
  }
  return false
}

/** Neither was taken back nor overtaken since it was noted. */
function isWanted({ store }: DeliveryContext, { from, to }: PendingRename): boolean {
  return (
    !store.customers.isLive(from) &&
    store.customers.isLive(to) &&
    store.contacts.told(from).exists &&
    !store.contacts.told(to).exists
  )
}

function drop({ store }: DeliveryContext, { from, to }: PendingRename): void {
  store.transaction(() => {
    if (!store.contacts.told(from).exists && !store.customers.isLive(from)) store.readdress(from, to)
    store.renames.remove(to)
    for (const email of [from, to]) store.outboxContacts.mark(email, 'live')
  })
}

function settle({ store }: DeliveryContext, { from, to }: PendingRename, became: Renamed): void {
  store.transaction(() => {
    // What was not answered under the old address is not known under the new one either.
    const isInDoubt = became === 'renamed' && store.outboxContacts.isInDoubt(from)
    if (became === 'renamed') {
      store.contacts.remove(to)
      store.contacts.rename(from, to)
      retryIdentifiers(store, from, to)
    } else if (became === 'missing') {
      store.contacts.setGone(from)
      store.contacts.expect(to)
    }
    if (!store.contacts.told(from).exists && !store.customers.isLive(from)) store.readdress(from, to)
    store.renames.remove(to)
    store.deadLetters.clear('contact', to)
    for (const email of [from, to]) store.outboxContacts.mark(email, 'live')
    if (isInDoubt) store.outboxContacts.doubt(to)
  })
}

/** What was refused under the old address is tried once more under the new one. */
function retryIdentifiers(store: Store, from: string, to: string): void {
  for (const attribute of IDENTIFIERS) {
    if (store.deadLetters.find('identifier', `${from}/${attribute}`) === null) continue
    store.contacts.unsay(to, attribute)
  }
  store.deadLetters.removeOf(from)
}

function isDue({ store, clock }: DeliveryContext, { to }: PendingRename): boolean {
  const letter = store.deadLetters.find('contact', to)
  return letter === null || (letter.retry_at ?? Number.POSITIVE_INFINITY) <= fromMs(clock.now())
}

/** Refused to the last, the new address becomes a contact of its own; but not one that is blocked, which must stay so. */
function setAside(context: DeliveryContext, rename: PendingRename, reason: string): void {
  const { store, clock, report } = context
  const sentence = `Its address could not be changed: ${reason}.`
  const retryAt = store.deadLetters.put('contact', rename.to, sentence, fromMs(clock.now()))
  report.setAside += 1
  if (retryAt === null && store.renames.blockedOf(rename.to) === false) settle(context, rename, 'taken')
}
