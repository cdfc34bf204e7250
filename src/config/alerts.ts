// `alerts:` of connectors.yml: what it means, and what its schema can't say.
import { parseDurationMs } from '../model/time.ts'
import type { Rule } from './rule.ts'
import { refusePlainHttp } from './rules-connectors.ts'
import type { RawAlerts } from './schema/schema-alerts.ts'

export type AlertTarget =
  | { kind: 'webhook'; url: string; secret: string | null }
  | { kind: 'slack'; url: string }
  | { kind: 'email'; address: string; smtp: string; from: string | null }

export type AlertRule =
  | { on: 'needs_attention' | 'guard' | 'config' | 'webhooks' | 'tables' }
  | { on: 'stale'; ms: number }
  | { on: 'dead_letters' | 'in_doubt'; count: number }

export interface AlertsConfig {
  to: AlertTarget[]
  when: AlertRule[]
}

const DEFAULTS: NonNullable<RawAlerts['when']> = [
  'needs_attention',
  { stale: '30m' },
  { dead_letters: 10 },
  'guard',
  'config',
]

export function toAlerts(raw: RawAlerts | undefined): AlertsConfig | null {
  if (raw === undefined) return null
  return { to: raw.to.map(toTarget), when: toRules(raw.when ?? DEFAULTS) }
}

/** As connectors.yml writes them. */
export const toRules = (when: NonNullable<RawAlerts['when']>): AlertRule[] => when.map(toRule)

function toTarget(one: RawAlerts['to'][number]): AlertTarget {
  if ('webhook' in one) return { kind: 'webhook', url: one.webhook, secret: one.secret ?? null }
  if ('slack' in one) return { kind: 'slack', url: one.slack }
  return { kind: 'email', address: one.email, smtp: one.smtp, from: one.from ?? null }
}

function toRule(one: NonNullable<RawAlerts['when']>[number]): AlertRule {
  if (typeof one === 'string') return { on: one }
  if ('stale' in one) return { on: 'stale', ms: parseDurationMs(one.stale)! }
  return 'dead_letters' in one
    ? { on: 'dead_letters', count: one.dead_letters }
    : { on: 'in_doubt', count: one.in_doubt }
}

/** What is told goes over the network. */
export const alertsAreSafe: Rule = (file) =>
  (file.alerts?.to ?? []).flatMap((one, index) => {
    const path = ['alerts', 'to', String(index)]
    if ('webhook' in one) return refusePlainHttp(one.webhook, [...path, 'webhook'])
    return 'slack' in one ? refusePlainHttp(one.slack, [...path, 'slack']) : []
  })
