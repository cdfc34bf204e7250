// Keys of records that were set aside: `connector/stream/id`, or `connector/stream/id/part`.

/** Streams whose objects the helpdesk is asked for one by one, by what one is called. */
export const OBJECT_OF_STREAM = {
  customers: 'customer',
  tickets: 'ticket',
  satisfaction_surveys: 'satisfaction_survey',
} as const

/** Whether the next run asks for it: an object with an id, an entry of the event feed, a phone. */
export function isAskedFor(key: string): boolean {
  const [, stream = '', id = '', part] = key.split('/')
  if (stream === 'feed' || part === 'phone') return true
  // What came without an id can't be asked for.
  return Object.hasOwn(OBJECT_OF_STREAM, stream) && /^[\w-]+$/.test(id) && id !== 'unknown'
}
