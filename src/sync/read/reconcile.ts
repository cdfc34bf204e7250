// Reads everything again, now and then, with what the live runs leave of the budget: what the helpdesk changes without moving
// a date (custom fields, late scores), deletes or merges without being heard. What no list names any more
// is asked for by its own address; only that answer removes anything.
import { TajoError } from '../../lib/errors.ts'
import type { RecordStream, Stream } from '../../model/records.ts'
import { toSetAsideKey } from '../../model/set-aside.ts'
import { fromMs, type Instant } from '../../model/time.ts'
import type { SyncContext } from '../context.ts'
import { readUnresolvedCustomers } from './unresolved-customers.ts'
import { runAll } from './parallel.ts'
import { createFailureBudget } from './failure-budget.ts'
import type { ReadOptions } from './read.ts'
import { type ObjectKind, refetch } from './refetch.ts'
import { walkReconcile } from '../walk/walk.ts'
import { META, type ReconcileProgress } from '../../state/meta.ts'

const OBJECTS: readonly { stream: RecordStream; kind: ObjectKind }[] = [
  { stream: 'customers', kind: 'customer' },
  { stream: 'tickets', kind: 'ticket' },
  { stream: 'satisfaction_surveys', kind: 'satisfaction_survey' },
]
const BATCH = 200

/** True if one is under way: a process that ended may have left it. */
export function isReconciling({ store, source }: SyncContext): boolean {
  return store.meta.get(META.reconcile(source.name)) !== null
}

/** Goes on where an earlier one was interrupted. */
export async function reconcile(context: SyncContext, options: ReadOptions): Promise<void> {
  const { store, source, log } = context
  const progress = begin(context)
  const streams = options.streams.filter((stream) => !progress.done.includes(stream))
  await runAll(
    streams.map(
      (stream) => () =>
        walkReconcile(context, stream, options.backfillSince, options, () => {
          progress.done.push(stream)
          store.meta.set(META.reconcile(source.name), progress)
        }),
    ),
  )
  let missing = 0
  for (const { stream, kind } of OBJECTS) {
    if (isListed(context, stream, options))
      missing += await askForMissing(context, stream, kind, progress.startedAt, options.signal)
  }
  await readUnresolvedCustomers(context, options)
  store.transaction(() => {
    store.reconciled.clear(source.name)
    store.meta.set(META.reconciledAt(source.name), progress.startedAt)
    store.meta.remove(META.reconcile(source.name))
  })
  log.info('Everything was read again', { connector: source.name, asked_for_singly: missing })
}

/** Its objects were named by the lists that were read: by its own, or by the one that it comes within. */
function isListed({ streams, supports }: SyncContext, stream: Stream, options: ReadOptions): boolean {
  const reading = supports.streams[stream]
  // What a list forgets is not gone.
  if (reading?.mode === 'since' && reading.reach !== undefined) return false
  const list = reading?.mode === 'within' ? reading.stream : stream
  return streams.has(stream) && options.streams.some((one) => one === list)
}

function begin({ store, source }: SyncContext): ReconcileProgress {
  const underWay = store.meta.get(META.reconcile(source.name))
  if (underWay !== null) return underWay
  // By the helpdesk's clock: what changed since is no matter of this one.
  const progress: ReconcileProgress = { startedAt: source.now(), done: [] }
  store.transaction(() => {
    store.reconciled.clear(source.name)
    store.meta.set(META.reconcile(source.name), progress)
  })
  return progress
}

/** Objects that the lists did not name: gone, merged, or changed while they were read. How many there were. */
async function askForMissing(
  context: SyncContext,
  stream: Stream,
  kind: ObjectKind,
  startedAt: Instant,
  signal?: AbortSignal,
): Promise<number> {
  const { store, source, clock } = context
  const failureBudget = createFailureBudget()
  for (let count = 0; ;) {
    const ids = store.reconciled.missing(source.name, stream, startedAt, BATCH)
    if (ids.length === 0) return count
    count += ids.length
    for (const id of ids) {
      try {
        const apply = await refetch(context, kind, id, signal)
        failureBudget.succeeded()
        store.transaction(() => {
          apply()
          store.reconciled.put(source.name, stream, [id])
        })
      } catch (thrown) {
        if (!(thrown instanceof TajoError)) throw thrown
        if (thrown.kind !== 'record') failureBudget.failed(thrown)
        store.transaction(() => {
          store.deadLetters.put(
            'record',
            toSetAsideKey(source.name, stream, id),
            thrown.message,
            fromMs(clock.now()),
          )
          store.reconciled.put(source.name, stream, [id])
        })
      }
    }
  }
}

/** When the last one that came through began; null if none did. For `tajo status`. */
export function lastReconciledAt(store: SyncContext['store'], source: string): Instant | null {
  return store.meta.get(META.reconciledAt(source))
}
