// Many contacts at once: POST /contacts/import, one at a time, and reading back what it did. Identifiers never travel by
// import, because an import may merge and delete contacts by them. Facts: brevo-api.md § 2.5, § 2.6.
import type { Clock } from '../lib/time/clock.ts'
import { type AttributeValue, type ContactWrite, IDENTIFIERS, type Outcome } from '../model/operations.ts'
import type { HeldContact, ImportFormat } from '../model/destination.ts'
import { type BrevoCaller, describe, isTemporary, unavailable } from './client.ts'
import { toHeld } from './contacts.ts'
import { toItems, toText } from './wire.ts'

/** Brevo takes 10 MB and recommends 8. */
const MAX_BYTES = 8_000_000
/** The envelope around the rows. */
const ENVELOPE_BYTES = 1_000
/** Processes are asked from a budget of 100 an hour: soon at first, then ever more rarely. */
const POLL = { firstMs: 2_000, factor: 3, capMs: 60_000 }
/** No import of 8 MB takes longer; what it did is read back in any case. */
const MAX_WAIT_MS = 30 * 60_000
const PAGE = 1_000

interface Row {
  email: string
  attributes: Record<string, AttributeValue | null>
}

export function toImportRow(write: ContactWrite): Row {
  const attributes = Object.entries(write.attributes).filter(
    ([name, value]) => value !== null && !IDENTIFIERS.has(name),
  )
  return { email: write.email, attributes: Object.fromEntries(attributes) }
}

/** How many of the writes, from the first on, fit into one import. */
export function countImportable(writes: readonly ContactWrite[]): number {
  let bytes = ENVELOPE_BYTES
  for (const [index, write] of writes.entries()) {
    bytes += Buffer.byteLength(JSON.stringify(toImportRow(write))) + 1
    if (bytes > MAX_BYTES) return Math.max(1, index)
  }
  return writes.length
}

/** How a file escapes what separates its cells is not documented, and lists have no form in it. */
export function fitsFile(write: ContactWrite): boolean {
  return [write.email, ...Object.values(toImportRow(write).attributes)].every(
    (value) => !Array.isArray(value) && !/[;"\r\n]/.test(String(value)),
  )
}

function toCell(value: AttributeValue | null | undefined): string {
  return value === null || value === undefined ? '' : String(value)
}

/** A blank cell leaves the attribute as it is, because `emptyContactsAttributes` is false. */
function toFile(rows: readonly Row[]): string {
  const names = [...new Set(rows.flatMap(({ attributes }) => Object.keys(attributes)))]
  const lines = rows.map(({ email, attributes }) =>
    [email, ...names.map((name) => toCell(attributes[name]))].join(';'),
  )
  return [['EMAIL', ...names].join(';'), ...lines].join('\n')
}

export async function importContacts(
  caller: BrevoCaller,
  clock: Clock,
  writes: readonly ContactWrite[],
  { list, format, onStarted }: { list: number; format: ImportFormat; onStarted: (processId: number) => void },
  signal?: AbortSignal,
): Promise<Outcome<{ since: string | null }>> {
  const rows = writes.map((write) => toImportRow(write))
  const started = await caller.call(
    'importing contacts',
    (sdk, options) =>
      sdk.contacts.importContacts(
        {
          ...(format === 'json' ? { jsonBody: rows } : { fileBody: toFile(rows) }),
          listIds: [list],
          updateExistingContacts: true,
          emptyContactsAttributes: false,
          disableNotification: true,
        },
        options,
      ),
    signal,
  )
  if (!started.answered || (!started.ok && isTemporary(started.status)))
    return { result: 'retry', reason: describe(started) }
  if (!started.ok) return { result: 'refused', reason: describe(started) }
  onStarted(started.body.processId)
  const since = started.date === null ? null : new Date(started.date).toISOString()
  return (await waitFor(caller, clock, started.body.processId, signal)) ?? { result: 'done', since }
}

/** Waits until the process has ended; if it ended badly, its contacts are better written one by one. */
export async function waitFor(
  caller: BrevoCaller,
  clock: Clock,
  processId: number,
  signal?: AbortSignal,
): Promise<{ result: 'refused'; reason: string } | null> {
  const deadline = clock.monotonic() + MAX_WAIT_MS
  for (
    let waitMs = POLL.firstMs;
    clock.monotonic() < deadline;
    waitMs = Math.min(POLL.capMs, waitMs * POLL.factor)
  ) {
    await clock.sleep(waitMs, signal)
    const answer = await caller.callSafely(
      'waiting for an import',
      (sdk, options) => sdk.process.getProcess({ processId }, options),
      signal,
    )
    if (!answer.answered || !answer.ok) continue
    const status = String((answer.body as { status?: unknown }).status)
    if (status === 'completed') return null
    if (status === 'failed' || status === 'cancelled')
      return { result: 'refused', reason: `The import ${processId} has ${status}` }
  }
  return {
    result: 'refused',
    reason: `The import ${processId} did not end in ${MAX_WAIT_MS / 60_000} minutes`,
  }
}

export async function* readContacts(
  caller: BrevoCaller,
  since: string | null,
  signal?: AbortSignal,
): AsyncGenerator<HeldContact[], void, void> {
  for (let offset = 0; ; offset += PAGE) {
    const answer = await caller.callSafely(
      'reading contacts',
      (sdk, options) =>
        // Oldest first: a contact that is created meanwhile comes at the end and moves nothing.
        sdk.contacts.getContacts(
          { limit: PAGE, offset, sort: 'asc', ...(since === null ? {} : { modifiedSince: since }) },
          options,
        ),
      signal,
    )
    if (!answer.answered || !answer.ok) throw unavailable('Reading contacts from Brevo', answer)
    const contacts = toItems(answer.body, 'contacts', 'Reading contacts')
    yield contacts.filter((contact) => toText(contact['email']) !== null).map((contact) => toHeld(contact))
    if (contacts.length < PAGE) return
  }
}
