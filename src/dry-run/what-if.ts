// What another connectors.yml would make of the contacts that are known: from the local records, without one request.
import type { Config } from '../config/config.ts'
import { compileAll } from '../explain/explain.ts'
import type { ContactWrite, SentState } from '../model/operations.ts'
import { toSentState } from '../outbox/delivery.ts'
import type { Store } from '../state/store.ts'
import { type ConnectorMapping, prepareContact, visitContacts } from '../projection/project.ts'
import { type PlannedContact } from './plan.ts'

export const DIFF_VERSION = 1

export interface ConfigDiff {
  version: typeof DIFF_VERSION
  before: string
  after: string
  contacts: { change: number; same: number }
  attributes: Record<string, number>
  lists: Record<string, { name: string; add: number; remove: number }>
  /** Lines of event_mapping that differ. */
  events: { occurrence: string; before: string | null; after: string | null }[]
  /** Campaigns that differ; `waiting`: so many decisions are still to come. */
  campaigns: { name: string; change: 'added' | 'removed' | 'changed'; waiting: number }[]
  warnings: string[]
  samples: PlannedContact[]
}

/**
 * Contacts, list by list and value by value, as `after` would have them, against what `before` makes of them. `pause` is waited for
 * now and then, where others need their turn.
 */
export async function diffConfigs(
  store: Store,
  before: Config,
  after: Config,
  limit: number,
  pause: () => Promise<void> = async () => undefined,
): Promise<ConfigDiff> {
  const old = compileAll(store, before)
  const now = compileAll(store, after)
  const names = store.brevo.listNames()
  const diff: ConfigDiff = {
    version: DIFF_VERSION,
    before: before.file,
    after: after.file,
    contacts: { change: 0, same: 0 },
    attributes: {},
    lists: {},
    events: diffEvents(before, after),
    campaigns: diffCampaigns(store, before, after),
    warnings: now.flatMap(({ compiled }) => [
      ...compiled.warnings,
      ...compiled.issues.map(
        (one) => `${one.where}: ${one.field} can not go to ${one.attribute}: ${one.reason}.`,
      ),
    ]),
    samples: [],
  }
  await visitContacts(store, store.customers.liveEmails(), pause, (email, records) => {
    const lastSent = store.contacts.lastSent(email)
    if (lastSent.gone) return
    if (!after.delivery.createContacts && !lastSent.exists) return
    const first = prepareContact(store, toMappings(old), email, lastSent, records)
    if (first === null) return
    const base = toSentState(
      lastSent,
      first,
      Object.fromEntries(first.addLists.map((list) => [list, 'given' as const])),
    )
    const write = prepareContact(store, toMappings(now), email, base, records)!
    // To clear what nobody told is no change.
    write.attributes = Object.fromEntries(
      Object.entries(write.attributes).filter(([name, value]) => value !== (base.attributes[name] ?? null)),
    )
    const changed = Object.keys(write.attributes)
    if (changed.length + write.addLists.length + write.removeLists.length === 0) {
      diff.contacts.same += 1
      return
    }
    diff.contacts.change += 1
    for (const name of changed) diff.attributes[name] = (diff.attributes[name] ?? 0) + 1
    const entry = (id: number) => (diff.lists[id] ??= { name: names[id] ?? '', add: 0, remove: 0 })
    for (const id of write.addLists) entry(id).add += 1
    for (const id of write.removeLists) entry(id).remove += 1
    if (diff.samples.length < limit) diff.samples.push(toSample(write, base))
  })
  return diff
}

function toMappings(compiled: ReturnType<typeof compileAll>): ConnectorMapping[] {
  return compiled.map((one) => one.mapping)
}

function toSample(write: ContactWrite, base: SentState): PlannedContact {
  return {
    email: write.email,
    change: 'update',
    renamed_from: null,
    blocked: false,
    attributes: Object.fromEntries(
      Object.entries(write.attributes).map(([name, value]) => [
        name,
        { old: base.attributes[name] ?? null, new: value },
      ]),
    ),
    lists: { add: write.addLists, remove: write.removeLists },
  }
}

function diffEvents(before: Config, after: Config): ConfigDiff['events'] {
  const of = (config: Config): Map<string, string> =>
    new Map(
      config.connectors.flatMap(({ rules }) =>
        Object.entries(rules.events).map(([type, rule]) => [type, toText(rule)] as const),
      ),
    )
  const [old, now] = [of(before), of(after)]
  return [...new Set([...old.keys(), ...now.keys()])]
    .filter((type) => old.get(type) !== now.get(type))
    .map((type) => ({ occurrence: type, before: old.get(type) ?? null, after: now.get(type) ?? null }))
}

/** A rule as it reads: expressions by their text. */
function toText(rule: { event: string }): string {
  const { event, ...rest } = rule
  const text = JSON.stringify(rest, (_, value: unknown) =>
    typeof value === 'object' && value !== null && 'source' in value ? value.source : value,
  )
  const isPlain = text === '{"when":null,"properties":{},"contactProperties":{},"maxAgeMs":null}'
  return isPlain ? event : `${event} ${text}`
}

export function diffCampaigns(store: Store, before: Config, after: Config): ConfigDiff['campaigns'] {
  const of = (config: Config): Map<string, string> =>
    new Map(config.campaigns.map((rule) => [rule.name, toText({ ...rule })] as const))
  const [old, now] = [of(before), of(after)]
  const counts = store.campaigns.counts()
  return [...new Set([...old.keys(), ...now.keys()])]
    .filter((name) => old.get(name) !== now.get(name))
    .map((name) => ({
      name,
      change: !old.has(name) ? 'added' : now.has(name) ? 'changed' : 'removed',
      waiting: (counts[name]?.waiting ?? 0) + (counts[name]?.held ?? 0),
    }))
}
