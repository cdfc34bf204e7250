// Surveys of customers that no list names: they were merged or deleted, maybe years before the first sync. Their own address
// tells which, so that the answers count for the survivor.
import { TajoError } from '../../lib/errors.ts'
import { toSetAsideKey } from '../../model/set-aside.ts'
import { fromMs } from '../../model/time.ts'
import type { SyncContext } from '../context.ts'
import { createFailureBudget } from './failure-budget.ts'
import { refetch } from './refetch.ts'

const BATCH = 200

/** Called once all customers have been read. */
export async function readUnresolvedCustomers(context: SyncContext, signal?: AbortSignal): Promise<void> {
  const { store, source, clock } = context
  const failureBudget = createFailureBudget()
  for (let after = ''; ;) {
    const ids = store.surveys.unknownCustomers(source.name, after, BATCH)
    const last = ids.at(-1)
    if (last === undefined) return
    after = last
    for (const id of ids) {
      // Tried again with the other records that were set aside.
      if (store.deadLetters.find('record', toSetAsideKey(source.name, 'customers', id)) !== null) continue
      try {
        const apply = await refetch(context, 'customer', id, signal)
        failureBudget.succeeded()
        apply()
      } catch (thrown) {
        if (!(thrown instanceof TajoError)) throw thrown
        store.deadLetters.put(
          'record',
          toSetAsideKey(source.name, 'customers', id),
          thrown.message,
          fromMs(clock.now()),
        )
        if (thrown.kind !== 'record') failureBudget.failed(thrown)
      }
    }
  }
}
