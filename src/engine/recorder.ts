// A row for each run, however it ends; what has been kept long enough goes with it.
import type { Config } from '../config/config.ts'
import type { Clock } from '../lib/time/clock.ts'
import { coerceError, isAbort } from '../lib/errors.ts'
import { fromMs } from '../model/time.ts'
import { type DeliveryReport, emptyReport } from '../outbox/report.ts'
import type { Store } from '../state/store.ts'
import { type SyncReport, toSyncReport } from './report.ts'

/** Kept longer than anything is staged, whatever the clocks say. */
const PRUNE_MARGIN_MS = 24 * 3_600_000

/** What a run fills while it is under way. */
type Run = (read: Record<string, number>, delivery: DeliveryReport, warnings: string[]) => Promise<void>

export function createRecorder(
  store: Store,
  clock: Clock,
  { eventRetentionMs, payloadRetentionMs }: Config,
): (connector: string, settled: boolean, run: Run) => Promise<SyncReport> {
  function prune(): void {
    const before = fromMs(clock.now() - eventRetentionMs - PRUNE_MARGIN_MS)
    const payloadsBefore = fromMs(clock.now() - payloadRetentionMs)
    store.transaction(() => {
      store.outboxEvents.prune(before)
      store.outboxEvents.prunePayloads(payloadsBefore)
      store.campaigns.prune(before)
      store.handlerEvents.expire(payloadsBefore)
      store.handlerEvents.prune(before)
    })
  }

  return async (connector, settled, action) => {
    const startedAt = clock.monotonic()
    const since = fromMs(clock.now())
    const run = { connector, read: {}, delivery: emptyReport(), warnings: [] as string[], since }
    const id = store.runs.start(connector, since, settled)
    const toReport = (): SyncReport => toSyncReport(store, { ...run, tookMs: clock.monotonic() - startedAt })
    try {
      await action(run.read, run.delivery, run.warnings)
      prune()
      const report = toReport()
      store.transaction(() => store.runs.end(id, fromMs(clock.now()), 'done', null, report))
      return report
    } catch (thrown) {
      const stopped = isAbort(thrown)
      const reason = stopped ? null : coerceError(thrown).message
      const report = toReport()
      const result = stopped ? 'stopped' : 'failed'
      store.transaction(() => store.runs.end(id, fromMs(clock.now()), result, reason, report))
      throw thrown
    }
  }
}
