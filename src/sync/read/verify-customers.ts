// After a gap in the event feed: who was changed, merged or deleted meanwhile is told by nothing any more where customers have no list, so
// each of them is asked for once more. Goes on where it was cut off.
import { TajoError } from '../../lib/errors.ts'
import { toSetAsideKey } from '../../model/set-aside.ts'
import { fromMs } from '../../model/time.ts'
import { META } from '../../state/meta.ts'
import { isSingly, type SyncContext } from '../context.ts'
import { refetch } from './refetch.ts'

const BATCH = 200

/** To be called when a gap was found. */
export function doubtCustomers(context: SyncContext): void {
  if (isSingly(context)) context.store.meta.set(META.customersInDoubt(context.source.name), '')
}

/** How many were asked for. */
export async function verifyCustomers(context: SyncContext, signal?: AbortSignal): Promise<number> {
  const { store, source, clock } = context
  const key = META.customersInDoubt(source.name)
  let count = 0
  for (let after = store.meta.get(key); after !== null;) {
    const ids = store.customers.idsAfter(source.name, after, BATCH)
    for (const id of ids) {
      signal?.throwIfAborted()
      try {
        const apply = await refetch(context, 'customer', id, signal)
        apply()
      } catch (thrown) {
        if (!(thrown instanceof TajoError) || thrown.kind !== 'record') throw thrown
        const place = toSetAsideKey(source.name, 'customers', id)
        store.deadLetters.put('record', place, thrown.message, fromMs(clock.now()))
      }
    }
    count += ids.length
    const last = ids.at(-1)
    // Another gap begins it anew.
    if (store.meta.get(key) !== after) after = store.meta.get(key)
    else if (last === undefined) {
      store.meta.remove(key)
      after = null
    } else store.meta.set(key, (after = last))
  }
  return count
}
