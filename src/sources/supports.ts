// What an account can tell: what its helpdesk can, but for what its options leave out.
import type { SourceDefinition, Supports } from './source.ts'

/** What of it is late by nature, sentence by sentence. */
export const latenessOf = ({ streams }: Supports): string[] =>
  Object.values(streams).flatMap((one) => (one.mode === 'since' && one.late !== undefined ? [one.late] : []))

/** What an account can tell. */
export function supportsOf<Options>(definition: SourceDefinition<Options>, options: Options): Supports {
  const { supports } = definition
  const lacking = definition.lacks?.(options) ?? null
  if (lacking === null) return supports
  const without = <T extends object>(all: T, names: readonly string[]): T =>
    Object.fromEntries(Object.entries(all).filter(([name]) => !names.includes(name))) as T
  return {
    ...supports,
    streams: without(supports.streams, lacking.streams),
    occurrences: without(supports.occurrences, lacking.occurrences),
  }
}
