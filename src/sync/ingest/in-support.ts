// "In support now": held while tickets are open and for a while afterwards. Released when everything up to that moment has been
// read, so that a reading that is late releases nobody.
import { fromMs, type Instant } from '../../model/time.ts'
import { META } from '../../state/meta.ts'
import type { SyncContext } from '../context.ts'

/** Everything up to `horizon` has been read: whose time ended in between is due. Called in a transaction. */
export function noteReadUpTo({ store, source, rules }: SyncContext, horizon: Instant): void {
  const before = store.meta.get(META.readUpTo(source.name)) ?? 0
  if (horizon <= before) return
  store.meta.set(META.readUpTo(source.name), horizon)
  if (rules.inSupport === null) return
  // Who is in support was sent of nobody so far.
  if (before === 0) return store.outboxContacts.markAll()
  const after = fromMs(rules.inSupport.releaseAfterMs)
  for (const id of store.tickets.customersClosedBetween(source.name, before - after, horizon - after)) {
    const email = store.customers.emailOf(source.name, id)
    if (email !== null) store.outboxContacts.mark(email, 'background')
  }
}
