// What happened, noted for the campaigns that wait for it.
import { type Occurrence, toEventId } from '../../model/occurrence.ts'
import { fromMs } from '../../model/time.ts'
import type { SyncContext } from '../context.ts'

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
      occurrence: withoutComment(occurrence),
      occurredAt: occurrence.at,
      dueAt: occurrence.at + fromMs(rule.delayMs),
    })
  }
}

/** What the customer wrote is not kept. */
export function withoutComment(occurrence: Occurrence): Occurrence {
  const { survey } = occurrence
  return { ...occurrence, survey: survey === null ? null : { ...survey, comment: null } }
}
