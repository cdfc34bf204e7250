// What a daemon tells of itself outlives a changed connectors.yml.
import { expect, it } from '@jest/globals'

import { Meters, type Snapshot } from '../../src/daemon/meters.ts'
import type { ConnectorStatus } from '../../src/engine/status.ts'

const STATUS = {
  connected: false,
  needsAttention: true,
  freshAsOf: null,
  cursors: { tickets: { readUpTo: '2026-03-01T12:00:00Z', backfilled: true } },
  backlog: { contacts: 2, events: 0, behind: 0 },
  events: { sent: 3 },
  heldRemovals: null,
  customersCount: 7,
  rateLimit: { helpdesk: { used: 10, limit: 40 }, brevo: { contacts: 9 } },
  objective: { freshnessMs: 1, kept: [{ days: 1, kept: 0.5 }] },
  attributeObjectives: { CSAT_SCORE: { freshnessMs: 1, kept: [{ days: 7, kept: 1 }] } },
  tables: { to: 'a', freshAt: '2026-03-01T12:00:00Z', trouble: null },
} as unknown as ConnectorStatus

const snapshot = (connectors: [string, ConnectorStatus][]): Snapshot => ({
  connectors: new Map(connectors),
  deadLetters: {},
  stateBytes: 1,
  walBytes: 1,
  oldestEvent: -5_000,
  pendingConfig: null,
  now: 0,
})

it('a connector that was removed is not told for ever', () => {
  const meters = new Meters('1', 0)
  const before = meters.render(snapshot([['gone', STATUS]]))
  const after = meters.render(snapshot([]))
  expect(before.match(/connector="gone"/g)!.length).toBeGreaterThan(8)
  expect(after).not.toContain('gone')
})

it('what is left of budgets, how old the oldest event is, and how objectives were kept are numbers', () => {
  const text = new Meters('1', 0).render(snapshot([['shop', STATUS]]))
  expect(text).toContain('tajo_rate_limit_remaining_requests{bucket="contacts"} 9\n')
  expect(text).toContain('tajo_outbox_oldest_event_age_seconds 5\n')
  expect(text).toContain('tajo_objective_kept_ratio{connector="shop",days="1"} 0.5\n')
  expect(text).toContain(
    'tajo_attribute_objective_kept_ratio{connector="shop",attribute="CSAT_SCORE",days="7"} 1\n',
  )
})
