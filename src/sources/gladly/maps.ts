// Gladly's words → those of connectors.yml: channels, and how a contact ended.
import { CHANNELS, type GladlyOptions, STATUS } from './options.ts'

export interface Maps {
  /** `unknown` for one that nobody has named. */
  channelOf(this: void, word: string | null): string | null
  /** Whether the customer was helped; null while it goes on. */
  isSolved(this: void, status: string | null): boolean | null
  countsCanceled: boolean
}

const UNKNOWN_CHANNEL = 'unknown'

export function createMaps({
  channels,
  status,
  count_canceled: countsCanceled = false,
}: GladlyOptions): Maps {
  const channelOf: Readonly<Record<string, string>> = { ...CHANNELS, ...channels }
  const solved: Readonly<Record<string, string>> = { ...STATUS, ...status }
  return {
    channelOf: (word) => (word === null ? null : (channelOf[word] ?? UNKNOWN_CHANNEL)),
    isSolved: (word) => (word === null ? null : solved[word] === 'solved'),
    countsCanceled,
  }
}

/** How each is spelled in a report was not seen: `Answered`, `ANSWERED`. */
export const toStatus = (word: string | null): string | null => {
  const text = word?.trim().toLowerCase() ?? ''
  return text === '' ? null : text
}
