// The guard against a mapping, or a helpdesk, gone wrong: a run that would take too many list memberships away takes none.
import type { RemovalLimit } from '../model/operations.ts'
import { type HeldRemovals, META } from '../state/meta.ts'
import type { DeliveryContext } from './delivery.ts'

const BATCH = 500

/** Looks at everything that is due before anything is written. True if memberships may be taken away in this delivery. */
export function mayRemove(context: DeliveryContext): boolean {
  const { store, maxRemovals, report, log, connectors } = context
  const held = maxRemovals === null ? null : findExcess(context, maxRemovals)
  report.heldRemovals = held
  // What was held back waits no longer.
  if (maxRemovals === null && store.meta.get(META.heldRemovals) !== null) store.outboxContacts.hurry()
  const before = store.meta.get(META.heldRemovals)
  if (JSON.stringify(before) !== JSON.stringify(held)) store.meta.set(META.heldRemovals, held)
  if (held !== null && before === null) {
    log.error('Too many list memberships would be taken away; none is', {
      would_remove: `more than ${held.limit}`,
      hint: `If that is right: tajo sync ${connectors[0]} --accept-removals`,
    })
  }
  return held === null
}

function findExcess(context: DeliveryContext, rule: RemovalLimit): HeldRemovals | null {
  const { store } = context
  const floor = 'count' in rule ? rule.count : rule.atLeast
  let limit: number | null = 'count' in rule ? rule.count : null
  let count = 0
  for (let after = ''; ;) {
    const emails = store.contacts.dueWithGiven(after, BATCH)
    const last = emails.at(-1)
    if (last === undefined) return null
    after = last
    const prepare = context.preparing(emails)
    for (const email of emails)
      count += prepare(email, store.contacts.lastSent(email))?.removeLists.length ?? 0
    if (count <= floor) continue
    // How many there are in all is only counted where it matters.
    limit ??=
      'count' in rule
        ? rule.count
        : Math.max(rule.atLeast, Math.floor(store.contacts.countGiven() * rule.share))
    if (count > limit) return { count, limit }
  }
}
