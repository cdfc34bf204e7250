// The one list of helpdesks: the schema of connectors.yml, the choices of commands, secrets, prompts and documentation follow from it. A
// new one is a folder here and its name in this list; a folder in sandbox/ and its name in sandbox/helpdesks.ts (docs/add-a-source.md).
import { gladly } from './gladly/index.ts'
import { gorgias } from './gorgias/index.ts'
import { intercom } from './intercom/index.ts'
import type { SourceDefinition } from './source.ts'

const LIST = [gorgias, intercom, gladly]

export const SOURCES: readonly SourceDefinition[] = LIST

/** What any of them may have in connectors.yml, for the compiler of who writes it in TypeScript. */
export type SourceOptions = Partial<Every<OptionsOf<(typeof LIST)[number]>>>

type OptionsOf<Definition> = Definition extends SourceDefinition<infer Options> ? Options : never
type Every<Union> = (Union extends unknown ? (one: Union) => void : never) extends (all: infer All) => void
  ? All
  : never

export const SOURCE_NAMES: readonly string[] = SOURCES.map((one) => one.name)

/** Null: there is no such helpdesk. */
export function findSource(name: string): SourceDefinition | null {
  return SOURCES.find((one) => one.name === name) ?? null
}

/** Of a connector that connectors.yml has been checked for. */
export function requireSource(name: string): SourceDefinition {
  const source = findSource(name)
  if (source === null) throw new Error(`There is no helpdesk ${name}`)
  return source
}

/**
 * The variable of the environment that holds a secret: `<CONNECTOR>_<SECRET>`. A connector that is the only one of its helpdesk may
 * have it under the helpdesk's own name, too.
 */
export function variablesOf(
  connector: { name: string; source: string },
  { variable }: { variable: string },
  isAlone: boolean,
): string[] {
  const prefixes = isAlone ? [connector.name, connector.source] : [connector.name]
  return [...new Set(prefixes.map((one) => `${toVariable(one)}_${variable}`))]
}

/** `shop-eu` → `SHOP_EU`. */
export function toVariable(name: string): string {
  return name.toUpperCase().replaceAll('-', '_')
}
