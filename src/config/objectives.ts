// `objectives:` of a connector.
import { parseDurationMs } from '../model/time.ts'
import type { ConnectorConfig } from './config.ts'
import { attributeOf, forEachConnector } from './rule.ts'
import type { RawConnector } from './schema/schema.ts'

export function toObjectives(raw: RawConnector['objectives']): ConnectorConfig['objectives'] {
  if (raw === undefined) return null
  const { freshness, attributes = {} } = raw
  return {
    freshnessMs: freshness === undefined ? null : parseDurationMs(freshness)!,
    attributes: Object.fromEntries(
      Object.entries(attributes).map(([name, text]) => [name, parseDurationMs(text)!]),
    ),
  }
}

/** An objective of an attribute that nothing fills is a slip. */
export const objectivesAreFilled = forEachConnector(({ objectives, field_mapping: mapping }, path, file) => {
  const fields = Object.entries({ ...file.field_mapping, ...mapping })
  const filled = new Set(fields.map(([field, target]) => attributeOf(field, target)))
  return Object.keys(objectives?.attributes ?? {})
    .filter((name) => !filled.has(name))
    .map((name) => ({
      path: [...path, 'objectives', 'attributes', name],
      atKey: true,
      message: `No line of field_mapping fills ${name}.`,
    }))
})
