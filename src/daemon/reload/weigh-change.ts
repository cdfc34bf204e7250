// Whether a changed connectors.yml may go live unasked, or waits for a person.
import type { Config } from '../../config/config.ts'
import { type Instant, toIso } from '../../model/time.ts'
import { fingerprint } from '../../dry-run/report.ts'
import { diffConnectors } from '../../dry-run/removed-lines.ts'
import { diffConfigs } from '../../dry-run/what-if.ts'
import { type PendingConfig, readApproved } from '../../state/reading/applied-config.ts'
import type { Store } from '../../state/store.ts'

/** Null: it may go live. */
export async function weighChange(
  store: Store,
  before: Config,
  next: { text: string; config: Config },
  { now, pause }: { now: Instant; pause: () => Promise<void> },
): Promise<PendingConfig | null> {
  const sha256 = fingerprint(next.text)
  if (readApproved(store) === sha256) return null
  const diff = await diffConfigs(store, before, next.config, 0, pause)
  const { change, same } = diff.contacts
  // A file does not raise the limit for itself.
  const limit = Math.min(
    ...[before.maxChange, next.config.maxChange].map((rule) =>
      'count' in rule ? rule.count : rule.share * (change + same),
    ),
  )
  const reasons = [
    ...(change > limit
      ? [`${change} of ${change + same} contacts would change (guards.max_change: ${Math.floor(limit)})`]
      : []),
    ...diff.campaigns.map((one) => `the campaign ${one.name} is ${one.change}`),
    ...diffConnectors(before, next.config),
  ]
  if (reasons.length === 0) return null
  return {
    state: 'waiting',
    sha256,
    at: toIso(now),
    reasons,
    contacts: { change, of: change + same },
  }
}

/** A text with mistakes, for `tajo status`. */
export function toFaulty(text: string, reasons: string[], now: Instant): PendingConfig {
  return { state: 'faulty', sha256: fingerprint(text), at: toIso(now), reasons, contacts: null }
}
