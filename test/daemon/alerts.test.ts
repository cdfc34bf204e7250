// Each thing that is not well is told once to each target, and once more when it is mended.
import { mkdtempSync, rmSync } from 'node:fs'
import { createHmac } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, it } from '@jest/globals'

import type { AlertRule, AlertsConfig } from '../../src/config/alerts.ts'
import { Alerts } from '../../src/daemon/alerts/alerts.ts'
import { type Circumstances, findAlerts } from '../../src/daemon/alerts/find.ts'
import type { ConnectorStatus } from '../../src/engine/status.ts'
import type { Http, HttpRequest } from '../../src/lib/net/http.ts'
import { openStore, type Store } from '../../src/state/store.ts'
import { silentLog } from '../support/sandbox.ts'

const NOW = Date.parse('2026-03-01T12:00:00Z')
const MINUTE = 60_000

const WELL = {
  needsAttention: false,
  paused: null,
  freshAsOf: '2026-03-01T11:59:00.000Z',
  troubles: { helpdesk: null, brevo: null },
  lastError: null,
  events: {},
  heldRemovals: null,
  tables: null,
  pendingConfig: null,
} as unknown as ConnectorStatus

const circumstances = (
  more: Partial<ConnectorStatus> = {},
  others: Partial<Circumstances> = {},
): Circumstances => ({
  connectors: new Map([['gorgias', { ...WELL, ...more }]]),
  deadLetters: 0,
  webhooks: new Map(),
  now: NOW,
  ...others,
})

const REFUSED = {
  needsAttention: true,
  paused: {
    refused_by: 'helpdesk' as const,
    until: '',
    reason: 'The API key was refused.',
    hint: 'Make another.',
  },
}

let directory: string
let store: Store
let sent: { url: string; body: Record<string, unknown>; request: HttpRequest }[]
/** What answers, by host; 200 by default. */
let answers: Record<string, number>
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tajo-alerts-'))
  store = openStore(directory)
  sent = []
  answers = {}
})
afterEach(() => {
  store.close()
  rmSync(directory, { recursive: true, force: true })
})

const http: Http = {
  async send(request) {
    const status = answers[new URL(request.url).host] ?? 200
    if (status === 200)
      sent.push({ url: request.url, body: JSON.parse(request.body!) as Record<string, unknown>, request })
    return { outcome: 'answer', status, headers: {}, body: '' }
  },
  close: () => undefined,
}

const CONFIG: AlertsConfig = {
  to: [
    { kind: 'webhook', url: 'https://hooks.example/tajo', secret: 'a-secret-of-the-webhook' },
    { kind: 'slack', url: 'https://slack.example/T/B' },
  ],
  when: [{ on: 'needs_attention' }, { on: 'stale', ms: 30 * MINUTE }, { on: 'dead_letters', count: 10 }],
}

const open = (config = CONFIG): Alerts => new Alerts(config, { store, http, log: silentLog })
const told = () => sent.map(({ url, body }) => [new URL(url).host.split('.')[0], body['state'] ?? 'text'])

it('is told once, also over a restart, and once more when it is mended', async () => {
  await open().look(circumstances(REFUSED))
  await open().look(circumstances(REFUSED, { now: NOW + MINUTE }))
  expect(told()).toEqual([
    ['hooks', 'opened'],
    ['slack', 'text'],
  ])
  expect(sent[0]!.body).toEqual({
    version: 1,
    id: 'needs_attention:gorgias',
    state: 'opened',
    severity: 'critical',
    summary: 'gorgias stands still until a person mends it: The API key was refused.',
    action: 'Make another.',
    since: '2026-03-01T12:00:00.000Z',
  })
  expect(sent[1]!.body['text']).toContain('The API key was refused.')

  for (const minute of [2, 3, 4]) await open().look(circumstances({}, { now: NOW + minute * MINUTE }))
  expect(told().slice(2)).toEqual([
    ['hooks', 'mended'],
    ['slack', 'text'],
  ])
  expect(sent[3]!.body['text']).toContain('Mended')
})

it('the webhook is signed with its secret', async () => {
  await open().look(circumstances(REFUSED))
  const { headers, body } = sent[0]!.request
  const expected = createHmac('sha256', 'a-secret-of-the-webhook').update(body!).digest('hex')
  expect(headers['x-tajo-signature']).toBe(`sha256=${expected}`)
})

it('whoever could not be told is told later, and the others not twice', async () => {
  answers['slack.example'] = 500
  await open().look(circumstances(REFUSED))
  await open().look(circumstances(REFUSED))
  answers = {}
  await open().look(circumstances(REFUSED))
  expect(told()).toEqual([
    ['hooks', 'opened'],
    ['slack', 'text'],
  ])
})

it('whoever was never told of it is not told that it is mended', async () => {
  answers['slack.example'] = 500
  await open().look(circumstances(REFUSED))
  answers = {}
  await open().look(circumstances())
  await open().look(circumstances())
  expect(told()).toEqual([
    ['hooks', 'opened'],
    ['hooks', 'mended'],
  ])
})

it('whoever is added to connectors.yml is told of it, and nobody else again', async () => {
  await open().look(circumstances(REFUSED))
  const more = { kind: 'slack' as const, url: 'https://third.example/T' }
  await open({ ...CONFIG, to: [more, ...CONFIG.to] }).look(circumstances(REFUSED))
  expect(told().slice(2)).toEqual([['third', 'text']])
})

it('what is not asked for any more is neither mended nor told', async () => {
  await open().look(circumstances(REFUSED))
  const others = { ...CONFIG, when: [{ on: 'guard' as const }] }
  for (let look = 0; look < 3; look += 1) await open(others).look(circumstances(REFUSED))
  const without = { ...circumstances(), connectors: new Map() }
  for (let look = 0; look < 3; look += 1) await open().look(without)
  expect(sent).toHaveLength(2)
})

it('what comes and goes between two looks is told once', async () => {
  const letters = (deadLetters: number) => open().look(circumstances({}, { deadLetters }))
  for (const count of [11, 10, 12, 9, 11]) await letters(count)
  expect(told().filter(([host]) => host === 'hooks')).toEqual([['hooks', 'opened']])
})

it.each<[AlertRule, Partial<ConnectorStatus>, Partial<Circumstances>, string, string]>([
  [
    { on: 'stale', ms: 30 * MINUTE },
    { freshAsOf: '2026-03-01T11:29:00.000Z' },
    {},
    'stale:gorgias',
    '31 min ago',
  ],
  [{ on: 'in_doubt', count: 2 }, { events: { uncertain: 2 } }, {}, 'in_doubt:gorgias', '2 events'],
  [{ on: 'guard' }, { heldRemovals: { count: 60, limit: 50 } }, {}, 'guard', '60 list memberships'],
  [
    { on: 'webhooks' },
    {},
    { webhooks: new Map([['gorgias', 'switched off']]) },
    'webhooks:gorgias',
    'switched off',
  ],
  [{ on: 'dead_letters', count: 10 }, {}, { deadLetters: 11 }, 'dead_letters', '11 records'],
  [
    { on: 'config' },
    { pendingConfig: { state: 'faulty', at: '', reasons: [] } },
    {},
    'config',
    'connectors.yml was changed and has a mistake',
  ],
  [
    { on: 'tables' },
    { tables: { to: 'a', freshAt: null, trouble: { since: '', reason: 'no room' } } },
    {},
    'tables:gorgias',
    'no room',
  ],
])('%j is found, and not where all is well', (rule, status, others, id, words) => {
  const found = findAlerts([rule], circumstances(status, others))
  expect([...found.keys()]).toEqual([id])
  expect(found.get(id)!.summary).toContain(words)
  expect(findAlerts([rule], circumstances()).size).toBe(0)
})
