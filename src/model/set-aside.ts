// Keys of records that were set aside: `connector/stream/id`, or `connector/stream/id/part`. Ids may hold any character, so what could
// be taken for a divider is escaped.
import type { ObjectKind, RecordId } from './records.ts'

/** What stands where a record came without an id. */
export const NO_ID = ''

/** Streams whose objects the helpdesk is asked for one by one, by what one is called. */
export const OBJECT_OF_STREAM = {
  customers: 'customer',
  tickets: 'ticket',
  satisfaction_surveys: 'satisfaction_survey',
} as const satisfies Record<string, ObjectKind>

export const STREAM_OF_OBJECT = {
  customer: 'customers',
  ticket: 'tickets',
  satisfaction_survey: 'satisfaction_surveys',
} as const satisfies Record<ObjectKind, string>

export interface SetAside {
  connector: string
  /** A stream, a directory, or `feed`. */
  stream: string
  id: RecordId
  part: string | null
}

export function toSetAsideKey(connector: string, stream: string, id: RecordId, part?: 'phone'): string {
  const key = `${connector}/${stream}/${encodeURIComponent(id)}`
  return part === undefined ? key : `${key}/${part}`
}

export function readSetAsideKey(key: string): SetAside {
  const [connector = '', stream = '', id = '', part = null] = key.split('/')
  return { connector, stream, id: decode(id), part }
}

/** Keys of earlier versions were not escaped. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Whether the next run asks for it: an object with an id, an entry of the event feed, a phone. */
export function isAskedFor(key: string): boolean {
  const { stream, id, part } = readSetAsideKey(key)
  if (stream === 'feed' || part === 'phone') return true
  // What came without an id can't be asked for; earlier versions wrote it as a text in quotes.
  return Object.hasOwn(OBJECT_OF_STREAM, stream) && id !== NO_ID && !id.startsWith('"')
}
