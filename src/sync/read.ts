// What a run reads of one connector: directories, changes, what is left of the first sync, phones, the event feed.
import { TajoError } from '../lib/errors.ts'
import { type Directory, DIRECTORIES, type Stream } from '../model/records.ts'
import { toE164 } from '../model/phone.ts'
import { fromMs, type Instant } from '../model/time.ts'
import type { SyncContext } from './context.ts'
import { followFeed } from './feed.ts'
import { ingestPage } from './ingest.ts'
import { createPatience, type Patience } from './patience.ts'
import { OVERLAP, readFeed, walkBackfill, walkChanges, type WalkOptions } from './walk.ts'

export interface ReadOptions extends WalkOptions {
  /** In the order in which they are read: tickets name customers, surveys name tickets. */
  streams: readonly Exclude<Stream, 'events'>[]
  backfillSince: Instant | null
  /** Read everything that changed since then again, whatever the watermarks say. */
  since: Instant | null
  /** Surveys created within this time may be scored without a trace, and are read again. 0: only new ones. */
  surveyWindowMs: number
  /** Phones are mapped, each costs a request; national numbers are read as of this country. */
  phones: { defaultCountry: string | undefined } | null
}

/** The shop's own people, mailboxes and fields change rarely. One of the three is read again in a run. */
const DIRECTORY_MAX_AGE = fromMs(3_600_000)
/** Requests under way at once where each answers for one record: enough to use the whole budget at two seconds each. */
const PARALLEL = 4
const PHONE_BATCH = 100

/** Reads all there is to read; afterwards the events it found may be sent. Stops at the first error that is not a record's. */
export async function readSource(context: SyncContext, options: ReadOptions): Promise<void> {
  const { store } = context
  // The feed first: the records read after it show what it speaks of. Where only a part is read, it waits for the next
  // run that reads all.
  const isWhole = options.streams.length === context.streams.size
  if (isWhole) await readFeed(context, options)
  const [surveys, others] = [
    options.streams.filter((stream) => stream === 'satisfaction_surveys'),
    options.streams.filter((stream) => stream !== 'satisfaction_surveys'),
  ]
  await readStreams(context, others, options)
  // A survey names its customer by id only: whoever answered must be known before the answer is read.
  await readStreams(context, surveys, options)
  if (options.phones !== null) await readPhones(context, options.phones.defaultCountry, options.signal)
  if (isWhole) await followFeed(context, options.signal)
  store.transaction(() => store.outboxEvents.release())
}

/** What changed in these streams, one after the other; then what is left of their first sync, side by side. */
async function readStreams(
  context: SyncContext,
  streams: readonly Stream[],
  options: ReadOptions,
): Promise<void> {
  for (const stream of streams) await readChanges(context, stream, options)
  await runAll(streams.map((stream) => () => walkBackfill(context, stream, options.backfillSince, options)))
}

async function readChanges(context: SyncContext, stream: Stream, options: ReadOptions): Promise<void> {
  const { store, source, clock } = context
  const { watermark } = store.cursors.read(source.name, stream)
  // Nothing was read yet: the backfill starts at the top.
  if (watermark === null) return
  const bounds = [watermark - OVERLAP]
  if (options.since !== null) bounds.push(options.since)
  if (stream === 'satisfaction_surveys' && options.surveyWindowMs > 0)
    bounds.push(fromMs(clock.now() - options.surveyWindowMs))
  await walkChanges(context, stream, Math.min(...bounds), options)
}

/** Who and what belongs to the shop; read before anything else, because the mapping names its fields. */
export async function readDirectories(context: SyncContext, signal?: AbortSignal): Promise<void> {
  const { store, source, clock } = context
  const key = (directory: Directory): string => `directory:${source.name}:${directory}`
  const now = fromMs(clock.now())
  const readAt = (directory: Directory): Instant | null => {
    const text = store.meta.read(key(directory))
    return text === null ? null : Number(text)
  }
  const never = DIRECTORIES.filter((directory) => readAt(directory) === null)
  const stale = DIRECTORIES.filter((directory) => (readAt(directory) ?? 0) < now - DIRECTORY_MAX_AGE)
  for (const directory of never.length > 0 ? never : stale.slice(0, 1)) {
    for await (const page of source.readDirectory(directory, signal)) {
      store.transaction(() => ingestPage(context, directory, page))
    }
    store.meta.write(key(directory), String(now))
  }
}

/** No list has phones: one request for each customer that is new or changed. */
async function readPhones(
  context: SyncContext,
  defaultCountry: string | undefined,
  signal?: AbortSignal,
): Promise<void> {
  const { store, source } = context
  const patience = createPatience()
  let after = ''
  for (;;) {
    const due = store.customers.phoneDue(source.name, after, PHONE_BATCH)
    if (due.length === 0) return
    after = due.at(-1)!.id
    const queue = due.values()
    await runAll(
      Array.from({ length: PARALLEL }, () => async () => {
        for (const customer of queue) await readPhone(context, customer, defaultCountry, patience, signal)
      }),
    )
  }
}

async function readPhone(
  { store, source, clock }: SyncContext,
  { id, email }: { id: string; email: string },
  defaultCountry: string | undefined,
  patience: Patience,
  signal?: AbortSignal,
): Promise<void> {
  const key = `${source.name}/customers/${id}/phone`
  try {
    const phone = store.customers.isOwnAddress(email) ? null : await source.readPhone(id, signal)
    patience.succeeded()
    store.transaction(() => {
      store.customers.putPhone(
        source.name,
        id,
        phone,
        phone !== null && toE164(phone, defaultCountry) !== null,
      )
      store.outboxContacts.mark(email)
      store.deadLetters.clear('record', key)
    })
  } catch (thrown) {
    if (!(thrown instanceof TajoError)) throw thrown
    if (thrown.kind !== 'record') patience.failed(thrown)
    store.deadLetters.put('record', key, thrown.message, fromMs(clock.now()))
  }
}

/** Runs them side by side and waits for all of them, then throws the first error: nothing is left running behind it. */
async function runAll(actions: readonly (() => Promise<void>)[]): Promise<void> {
  const results = await Promise.allSettled(actions.map((action) => action()))
  const failed = results.find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}
