// A rule of connectors.yml: what it yields, and how it looks at each connector.
import type { ConnectorsFile, RawConnector } from './schema/schema.ts'

export interface RuleComplaint {
  path: string[]
  atKey?: boolean
  /** A character of the text at the path. */
  character?: number
  message: string
}

export type Rule = (file: ConnectorsFile) => RuleComplaint[]

export function forEachConnector(
  check: (connector: RawConnector, path: string[], file: ConnectorsFile) => RuleComplaint[],
): Rule {
  return (file) =>
    Object.entries(file.connectors).flatMap(([name, connector]) =>
      connector === undefined ? [] : check(connector, ['connectors', name], file),
    )
}

/** `field: ATTRIBUTE`, `field: { attribute }`, or `ATTRIBUTE: { value }`. */
export function attributeOf(
  field: string,
  target: string | { attribute?: string | undefined; value?: string | undefined },
): string {
  return typeof target === 'string' ? target : (target.attribute ?? field)
}
