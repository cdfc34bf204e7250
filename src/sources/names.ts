// The names of the sources, and the keys of connectors.yml that only one of them has: enough to read a file, without loading any.

export const SOURCE_NAMES = ['gorgias'] as const
export type SourceName = (typeof SOURCE_NAMES)[number]

/** sources/options.ts has their schemas. */
export const SOURCE_OPTION_KEYS: Record<SourceName, readonly string[]> = {
  gorgias: ['domain', 'base_url', 'rate_limit'],
}

export function isSourceName(name: string): name is SourceName {
  return SOURCE_NAMES.some((one) => one === name)
}
