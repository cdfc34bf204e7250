// What happened, noted for the campaigns that wait for it.
import { type Occurrence, toEventId } from '../model/occurrence.ts'
import { fromMs } from '../model/time.ts'
import type { SyncContext } from './context.ts'

/** Called in the transaction that saw the occurrence. */
export function enlist(context: SyncContext, occurrence: Occurrence): void {
  const { store, source, account, campaigns } = context
  for (const rule of campaigns) {
    if (rule.on !== occurrence.type) continue
    store.campaigns.enlist({
      id: toEventId(account, `campaign:${rule.name}`, `${occurrence.type}:${occurrence.key}`),
      campaign: rule.name,
      source: source.name,
      email: occurrence.email,
      // What the customer wrote is not kept.
      occurrence: {
        ...occurrence,
        survey: occurrence.survey === null ? null : { ...occurrence.survey, comment: null },
      },
      occurredAt: occurrence.at,
      dueAt: occurrence.at + fromMs(rule.delayMs),
    })
  }
}
