// The one list of helpdesks: the schema of connectors.yml, the choices of commands, secrets, prompts, documentation and sandbox follow
// from it. A new one is a folder here, a folder in sandbox/, and its lines below (docs/add-a-source.md).
import { gorgias } from './gorgias/index.ts'
import type { GorgiasOptions } from './gorgias/options.ts'
import type { SourceDefinition } from './source.ts'

export const SOURCES: readonly SourceDefinition[] = [gorgias]

/** What any of them may have in connectors.yml, for the compiler of who writes it in TypeScript. */
export type SourceOptions = Partial<GorgiasOptions>

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
