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
  rateLimit: { helpdesk: { used: 10, limit: 40 }, brevo: {} },
  objective: { freshnessMs: 1, kept: [{ days: 1, kept: 0.5 }] },
  tables: { to: 'a', freshAt: '2026-03-01T12:00:00Z', trouble: null },
} as unknown as ConnectorStatus

const snapshot = (connectors: [string, ConnectorStatus][]): Snapshot => ({
  connectors: new Map(connectors),
  deadLetters: {},
  stateBytes: 1,
  walBytes: 1,
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
