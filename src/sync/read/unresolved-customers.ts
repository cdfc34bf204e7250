// Surveys of customers that no list names: they were merged or deleted, maybe years before the first sync. Their own address
// tells which, so that the answers count for the survivor.
import { TajoError } from '../../lib/errors.ts'
import { toSetAsideKey } from '../../model/set-aside.ts'
import { fromMs } from '../../model/time.ts'
import { META } from '../../state/meta.ts'
import { isSingly, type SyncContext } from '../context.ts'
import type { OnPage } from '../walk/pages.ts'
import { createFailureBudget } from './failure-budget.ts'
import { refetch } from './refetch.ts'

const BATCH = 200

interface UnresolvedOptions {
  onPage?: OnPage
  signal?: AbortSignal | undefined
}

function findUnknown(context: SyncContext, after: string): string[] {
  const { store, source } = context
  const ofSurveys = store.surveys.unknownCustomers(source.name, after, BATCH)
  if (!isSingly(context)) return ofSurveys
  const ofTickets = store.tickets.unknownCustomers(source.name, after, BATCH)
  // As SQLite orders them.
  const all = [...new Set([...ofSurveys, ...ofTickets])].sort((a, b) =>
    Buffer.compare(Buffer.from(a), Buffer.from(b)),
  )
  return all.slice(0, BATCH)
}

/** From here on whoever is named is asked for at once. */
function noteResolved(context: SyncContext): void {
  const { store, source } = context
  if (isSingly(context)) store.meta.set(META.customersResolved(source.name), source.now())
}

/** Called once all that has a list was read. Where customers have none, whoever a ticket names is asked for, too. */
export async function readUnresolvedCustomers(
  context: SyncContext,
  options: UnresolvedOptions,
): Promise<void> {
  const { signal } = options
  const { store, source, clock } = context
  const failureBudget = createFailureBudget()
  for (let after = ''; ;) {
    const ids = findUnknown(context, after)
    const last = ids.at(-1)
    if (last === undefined) return noteResolved(context)
    after = last
    for (const id of ids) {
      // Tried again with the other records that were set aside.
      if (store.deadLetters.find('record', toSetAsideKey(source.name, 'customers', id)) !== null) continue
      try {
        const apply = await refetch(context, 'customer', id, signal)
        failureBudget.succeeded()
        options.onPage?.('customers', 1)
        apply()
      } catch (thrown) {
        // Where it does not answer at all, everybody would be set aside.
        if (!(thrown instanceof TajoError) || (isSingly(context) && thrown.kind !== 'record')) throw thrown
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
