// What a person does to the state by hand: forgetting somebody, reading something again. The same whether a daemon runs or not.
import type { BrevoCaller } from '../brevo/client.ts'
import { deleteContact, leaveLists } from '../brevo/erase.ts'
import type { Stream } from '../model/records.ts'
import type { Instant } from '../model/time.ts'
import { removeLeftBehind } from '../state/db/scratch.ts'
import type { Store } from '../state/store.ts'

export interface Forgotten {
  /** Of the address: all that is kept, with a salt of this state. */
  hash: string
  /** Rows removed from the state, by kind. */
  removed: Record<string, number>
  brevo: { known: boolean; lists_left: number[]; contact_deleted: boolean }
}

/**
 * Brevo first: if it does not answer, the state still knows what is to be done. No write of this person may be under way.
 * Throws `brevo_unavailable`.
 */
export async function forgetPerson(
  { store, stateDir }: { store: Store; stateDir: string },
  caller: BrevoCaller,
  email: string,
  wantsDeletion: boolean,
  now: Instant,
): Promise<Forgotten> {
  // While the address is being changed in Brevo, both are this person's; and so is that of a customer merged into theirs.
  const theirs = [email, ...store.customers.mergedAddresses(email)]
  const addresses = [...new Set(theirs.flatMap((one) => [one, ...store.moves.linked(one)]))]
  const left = new Set<number>()
  let known = false
  let deleted = false
  for (const one of addresses) {
    const given = Object.entries(store.contacts.lastSent(one).lists)
      .filter(([, membership]) => membership === 'given' || membership === 'giving')
      .map(([list]) => Number(list))
    if (given.length > 0 && (await leaveLists(caller, one, given))) {
      known = true
      for (const list of given) left.add(list)
    }
    if (wantsDeletion && (await deleteContact(caller, one))) deleted = true
  }
  const removed: Record<string, number> = {}
  let hash = ''
  for (const one of addresses.toReversed()) {
    const forgotten = store.forget(one, now)
    hash = forgotten.hash
    for (const [kind, count] of Object.entries(forgotten.erased)) removed[kind] = (removed[kind] ?? 0) + count
  }
  // What was deleted is gone from the files too (secure_delete), and from what a killed plan has left beside them.
  store.truncateLog()
  removeLeftBehind(stateDir)
  return {
    hash,
    removed,
    brevo: { known: known || deleted, lists_left: [...left], contact_deleted: deleted },
  }
}

/** The next run reads these streams again, from `to` on; each occurrence is known, so no event is repeated. */
export function resetCursors(store: Store, source: string, streams: readonly Stream[], to: Instant): void {
  store.transaction(() => {
    for (const stream of streams) {
      const cursor = store.cursors.read(source, stream)
      // Nothing was read yet: the first sync reads everything anyway.
      if (cursor.watermark === null) continue
      store.cursors.write(source, stream, {
        ...cursor,
        watermark: Math.min(to, cursor.watermark),
        walk: null,
      })
    }
  })
}
