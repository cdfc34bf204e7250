// What is not well, by the rules of connectors.yml: pure, from what the state says at one moment.
import type { AlertRule } from '../../config/alerts.ts'
import type { ConnectorStatus } from '../../engine/status.ts'
import { formatDuration, plural } from '../../lib/human.ts'

export interface Finding {
  severity: 'critical' | 'warning'
  /** A sentence. */
  summary: string
  /** What a person does about it, as a sentence. */
  action: string
}

export interface Circumstances {
  connectors: ReadonlyMap<string, ConnectorStatus>
  deadLetters: number
  /** By connector: why its webhooks can't be relied on; absent: they can, or there are none. */
  webhooks: ReadonlyMap<string, string>
  /** Milliseconds since the epoch. */
  now: number
}

type Entry = readonly [id: string, finding: Finding]
type RuleOf<On extends AlertRule['on']> = Extract<AlertRule, { on: On }>
type Finders = { [On in AlertRule['on']]: (rule: RuleOf<On>, found: Circumstances) => Entry[] }

/** Of each connector, what `find` says of it. */
const ofEach =
  <Rule extends AlertRule>(
    find: (name: string, status: ConnectorStatus, rule: Rule, now: number) => Finding | null,
  ) =>
  (rule: Rule, { connectors, now }: Circumstances): Entry[] =>
    [...connectors].flatMap(([name, status]) => {
      const finding = find(name, status, rule, now)
      return finding === null ? [] : [[`${rule.on}:${name}`, finding] as const]
    })

const FINDERS: Finders = {
  needs_attention: ofEach((name, status) => (status.needsAttention ? toAttention(name, status) : null)),
  stale: ofEach<RuleOf<'stale'>>((name, status, { ms }, now) => {
    const age = status.freshAsOf === null ? 0 : now - Date.parse(status.freshAsOf)
    return age > ms ? toStale(name, status, age) : null
  }),
  in_doubt: ofEach<RuleOf<'in_doubt'>>((name, { events: { uncertain = 0 } }, { count }) =>
    uncertain >= count ? toDoubt(name, uncertain) : null,
  ),
  // One for all of them.
  guard(_, { connectors }) {
    const [first] = connectors
    const held = first?.[1].heldRemovals ?? null
    return held === null ? [] : [['guard', toGuard(first![0], held.count)]]
  },
  tables: ofEach((name, { tables }) =>
    tables?.trouble == null ? null : toTables(name, tables.trouble.reason),
  ),
  dead_letters: ({ count }, { deadLetters }) =>
    deadLetters > count ? [['dead_letters', toLetters(deadLetters)]] : [],
  config(_, { connectors }) {
    const pending = [...connectors.values()][0]?.pendingConfig ?? null
    return pending === null ? [] : [['config', toPending(pending.state)]]
  },
  webhooks: (_, { webhooks }) =>
    [...webhooks].map(([name, why]) => [`webhooks:${name}`, toWebhook(name, why)] as const),
}

/** By what it is about, so that the same one is known again. */
export const findAlerts = (rules: readonly AlertRule[], found: Circumstances): Map<string, Finding> =>
  new Map(rules.flatMap((rule) => FINDERS[rule.on](rule as never, found)))

/** Whether connectors.yml still asks for what an alert is about. */
export function isAsked(id: string, rules: readonly AlertRule[], { connectors }: Circumstances): boolean {
  const [on, connector] = id.split(':')
  return rules.some((rule) => rule.on === on) && (connector === undefined || connectors.has(connector))
}

const toTables = (name: string, reason: string): Finding => ({
  severity: 'warning',
  summary: `The tables of ${name} are not fresh: ${reason}`,
  action: 'tajo status says as of when they are; it is tried again on its schedule.',
})

const toLetters = (count: number): Finding => ({
  severity: 'warning',
  summary: `${plural(count, 'record, contact or event was', 'records, contacts or events were')} set aside.`,
  action: 'tajo dead-letters list says why, and what to do.',
})

const toPending = (state: 'waiting' | 'faulty'): Finding => ({
  severity: 'warning',
  summary:
    state === 'faulty'
      ? 'connectors.yml was changed and has a mistake: what was there before is in force.'
      : 'connectors.yml was changed and waits for a person.',
  action: state === 'faulty' ? 'tajo validate says where.' : 'Look at tajo diff-config, then tajo approve.',
})

const toWebhook = (name: string, why: string): Finding => ({
  severity: 'warning',
  summary: `Webhooks of ${name} can’t be relied on (${why}); it is polled meanwhile.`,
  action: `tajo webhooks status ${name} says what to do.`,
})

function toAttention(name: string, { paused }: ConnectorStatus): Finding {
  return {
    severity: 'critical',
    summary: `${name} stands still until a person mends it: ${paused?.reason ?? 'it was refused.'}`,
    action: paused?.hint ?? 'tajo status says what to do.',
  }
}

function toStale(name: string, { troubles, lastError }: ConnectorStatus, ageMs: number): Finding {
  const why = troubles.helpdesk?.reason ?? troubles.brevo?.reason ?? lastError
  return {
    severity: 'critical',
    summary: `What changed in ${name} ${formatDuration(ageMs)} ago is not in Brevo yet.`,
    action: why === null ? 'tajo status says what waits.' : `Its reason: ${why}`,
  }
}

const toDoubt = (name: string, count: number): Finding => ({
  severity: 'warning',
  summary: `Nobody knows whether Brevo has taken ${plural(count, 'event')} of ${name}.`,
  action: 'Brevo is asked again by itself; tajo audit compares what was sent with what it shows.',
})

const toGuard = (name: string, count: number): Finding => ({
  severity: 'critical',
  summary: `${plural(count, 'list membership')} would be taken away, which is more than the guard lets through.`,
  action: `Look at tajo plan ${name}; then tajo sync ${name} --accept-removals.`,
})
