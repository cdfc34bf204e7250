// The mappings of all connectors against what Brevo and the helpdesks have now: checked before the first write, and again
// each hour.
import { readAttributes, readLists } from '../brevo/setup.ts'
import type { BrevoCaller } from '../brevo/client.ts'
import type { Config, ConnectorConfig } from '../config/config.ts'
import type { Clock } from '../lib/time/clock.ts'
import { TajoError } from '../lib/errors.ts'
import { type Compiled, compileMapping } from '../mapping/compile.ts'
import type { Attribute } from '../model/attributes.ts'
import { fromMs } from '../model/time.ts'
import type { Store } from '../state/store.ts'
import type { ConnectorMapping } from '../projection/project.ts'
import { refuseIssues, refuseUnknownLists } from '../projection/refusals.ts'
import { enabled, toStreams } from './streams.ts'
import { META } from '../state/meta.ts'

const CHECK_AGAIN_MS = 3_600_000

export interface Mappings {
  /** Asks Brevo what it has. Throws `brevo_setup` where connectors.yml asks for something else. */
  check(signal?: AbortSignal): Promise<Attribute[]>
  /** Throws `brevo_setup` where the helpdesk's fields make the mapping impossible. */
  refuse(known: readonly Attribute[]): void
  /** Throws `brevo_setup`; a mapping that says something else than last time makes every contact due. Gives warnings. */
  compile(known: readonly Attribute[]): string[]
  /**
   * As compiled last. A delivery asks for them with each contact: one that goes on with older ones would deliver what the
   * newer ones made due, and nothing would ever make it due again.
   */
  current(): readonly ConnectorMapping[]
  /** True once a changed mapping was met that made only those due that were marked already. */
  leftOthers(): boolean
}

/** `leaveOthers`: a changed mapping makes nobody due who is not marked already; somebody else sees to the others. */
export function createMappings(
  config: Config,
  store: Store,
  caller: BrevoCaller,
  clock: Clock,
  leaveOthers = false,
): Mappings {
  let left = false
  let current: readonly ConnectorMapping[] = []
  let checked: { attributes: Attribute[]; at: number } | null = null

  const compileOne = (connector: ConnectorConfig, attributes: readonly Attribute[]): Compiled =>
    compileMapping(connector.rules, store.customers.customFields(connector.name), attributes)

  return {
    async check(signal) {
      if (checked !== null && clock.monotonic() - checked.at < CHECK_AGAIN_MS) return checked.attributes
      const attributes = await readAttributes(caller, signal).catch((thrown: unknown) => {
        // A Brevo that does not answer is no reason not to read the helpdesk.
        if (checked === null || !(thrown instanceof TajoError) || thrown.kind !== 'transient') throw thrown
        return null
      })
      if (attributes === null) return checked!.attributes
      const places = enabled(config).flatMap((connector) => connector.listPlaces)
      if (config.brevo.importList !== undefined) {
        places.push({ id: config.brevo.importList, where: `${config.file}: brevo.import_list` })
      }
      const lists = places.length > 0 ? await readLists(caller, signal) : new Map<number, string>()
      if (places.length > 0) refuseUnknownLists(places, lists)
      // Not remembered before all of it is well: what is put right in Brevo is seen by the next run.
      refuseAll(enabled(config).map((one) => ({ connector: one, ...compileOne(one, attributes) })))
      checked = { attributes, at: clock.monotonic() }
      store.brevo.remember({ at: fromMs(clock.now()), attributes, lists: Object.fromEntries(lists) })
      return attributes
    },

    refuse(known) {
      refuseAll(enabled(config).map((one) => ({ connector: one, ...compileOne(one, known) })))
    },

    compile(known) {
      const compiled = enabled(config).map((connector) => ({
        connector,
        ...compileOne(connector, known),
        partial: !store.cursors.isBackfilled(connector.name, toStreams(connector, undefined)),
        rank: rankOf(config, connector.name),
      }))
      refuseAll(compiled)
      left = noticeChange(store, compiled, leaveOthers) || left
      current = compiled.map(({ connector, mapping, partial, rank }) => ({
        source: connector.name,
        mapping,
        partial,
        rank,
        defaultCountry: connector.defaultCountry,
        keepListsOfDeleted: connector.keepListsOfDeleted,
      }))
      return compiled.flatMap((one) => one.warnings)
    },

    current: () => current,

    leftOthers: () => left,
  }
}

/** The place in `contacts.precedence`; null where it has none. */
export function rankOf({ precedence }: Pick<Config, 'precedence'>, connector: string): number | null {
  const rank = precedence.indexOf(connector)
  return rank === -1 ? null : rank
}

/** Throws `brevo_setup` with the complaints about all of them. */
function refuseAll(compiled: readonly { connector: ConnectorConfig; issues: Compiled['issues'] }[]): void {
  const first = compiled.find((one) => one.issues.length > 0)
  if (first !== undefined)
    refuseIssues(
      compiled.flatMap((one) => one.issues),
      first.connector.name,
    )
}

/** Everybody is looked at where the mapping has changed. True if others than those marked would have become due. */
function noticeChange(
  store: Store,
  compiled: readonly {
    connector: ConnectorConfig
    mapping: Compiled['mapping']
    partial: boolean
    rank: number | null
  }[],
  leaveOthers: boolean,
): boolean {
  const fingerprint = JSON.stringify(
    compiled.map(({ connector, mapping, partial, rank }) => [
      connector.name,
      rank,
      partial,
      connector.defaultCountry,
      connector.keepListsOfDeleted,
      // What is computed, and how it is written, stands in the rules alone.
      connector.rules.fields,
      mapping.fields,
      mapping.lists,
      mapping.inSupport,
    ]),
    // A line that moves changes nothing.
    (key, value: unknown) => (key === 'where' ? undefined : value),
  )
  return store.transaction(() => {
    const before = store.meta.get(META.mapping)
    if (before === fingerprint) return false
    if (before !== null) {
      if (leaveOthers) store.outboxContacts.markAgain()
      else store.outboxContacts.markAll()
      store.deadLetters.retryAll()
    }
    store.meta.set(META.mapping, fingerprint)
    return before !== null && leaveOthers
  })
}
