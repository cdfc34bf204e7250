// Which tables a connector has in a layout.
import type { ConnectorConfig, LayoutName } from '../config/config.ts'
import { BusinessClock } from '../lib/time/business-hours.ts'
import type { Instant } from '../model/time.ts'
import { requireSource } from '../sources/index.ts'
import type { TableDefinition } from '../sources/tables.ts'
import { WORKFORCE_TABLES, type Workforce, type Words } from '../sources/workforce.ts'

export interface Layout extends Workforce {
  /** What may be named. */
  names: readonly string[]
  /** How far back the first reading goes by default. */
  since: string
}

const NO_WORDS: Words = { channels: {}, status: {}, states: {} }

/** Null where its helpdesk has no tables. */
export function layoutOf(connector: ConnectorConfig, name: LayoutName): Layout | null {
  const { source, options, extract, businessHours } = connector
  const { tables } = requireSource(source)
  if (tables === undefined) return null
  const { definitions, since } = tables
  if (name === 'vendor')
    return { tables: definitions, lacks: [], names: definitions.map((one) => one.name), since }
  const clock = businessHours === null ? null : new BusinessClock(businessHours)
  const businessSeconds =
    clock === null
      ? null
      : (from: Instant, to: Instant): number => Math.round(clock.between(from / 1000, to / 1000) * 1000) / 1e6
  const workforce = tables.workforce({ options, words: extract?.words ?? NO_WORDS, businessSeconds })
  return { ...workforce, names: WORKFORCE_TABLES, since }
}

/**
 * Those that were named; with those by which deletions and merges are known, and those that the named ones are completed by.
 */
export const chooseTables = (
  definitions: readonly TableDefinition[],
  named: readonly string[] | null,
): TableDefinition[] =>
  definitions.filter(
    (one) =>
      named === null ||
      named.includes(one.name) ||
      one.toRemoval !== undefined ||
      (one.completes !== undefined && named.includes(one.completes.table)),
  )

/** Whose tables those of a destination are: the layouts of one connector have names in common. */
export const ownerOf = (connector: string, layout: LayoutName): string =>
  layout === 'vendor' ? connector : `${connector} (${layout})`
