// One pass over a connector: read what changed, deliver what follows.
import { TajoError } from '../lib/errors.ts'
import { meanwhile } from '../lib/async/meanwhile.ts'
import { identifies } from '../mapping/compile.ts'
import type { Attribute } from '../model/attributes.ts'
import { fromMs, type Instant } from '../model/time.ts'
import { deliverAll } from '../outbox/deliver.ts'
import type { DeliveryReport } from '../outbox/report.ts'
import { META } from '../state/meta.ts'
import { decideCampaigns } from '../sync/campaigns/decide.ts'
import { type DirectoryContext, findGoLive, noteOpenedSince } from '../sync/context.ts'
import { readPerson } from '../sync/read/person.ts'
import { DELIVER_EVERY_MS, readManyPhones } from '../sync/read/phones.ts'
import { readDirectories, readSource } from '../sync/read/read.ts'
import { reconcile } from '../sync/read/reconcile.ts'
import type { SyncOptions } from './options.ts'
import type { Connector, Parts } from './parts.ts'
import type { SyncReport } from './report.ts'
import { toReadOptions, toStreams } from './streams.ts'

/** Followed by one run. */
const MOST_REFRESHED = 500
/** Long enough for a restart of Brevo's side, short enough for a cron job. */
const DEFAULT_PATIENCE_MS = 10 * 60_000

interface Pass {
  connector: Connector
  sync: SyncOptions
  /** Counts the records of each stream. */
  read: Record<string, number>
  warnings: string[]
  /** What Brevo has; null: nothing is delivered. */
  known: Attribute[] | null
  /** `wait` false: a delivery that is under way sees to it. */
  deliver(how: { stop: AbortSignal | undefined; patienceMs: number; wait: boolean }): Promise<void>
  signal: AbortSignal | undefined
}

/** Throws what only a person can mend; the rest is in the report. */
export async function runPass(
  parts: Parts,
  name: string,
  sync: SyncOptions,
  signal?: AbortSignal,
): Promise<SyncReport> {
  const connector = parts.find(name)
  parts.followClock()
  return await parts.record(name, sync.settling !== false, (read, delivery, warnings) =>
    parts.untilAborted(signal, async () => {
      const known = await findKnown(parts, sync, warnings, signal)
      const deliver = toDeliver(parts, sync, delivery)
      const pass: Pass = { connector, sync, read, warnings, known, deliver, signal }
      await connector.reading(() => readAll(parts, pass))
      if (known !== null) await deliverAfterwards(parts, pass, known)
    }),
  )
}

/** Null: nothing is delivered. A Brevo that does not answer is no reason for a daemon not to read the helpdesk. */
async function findKnown(
  { mappings }: Parts,
  { readOnly, liveOnly }: SyncOptions,
  warnings: string[],
  signal?: AbortSignal,
): Promise<Attribute[] | null> {
  if (readOnly === true) return null
  try {
    return await mappings.check(signal)
  } catch (thrown) {
    const isPassing = thrown instanceof TajoError && thrown.kind === 'transient'
    if (!isPassing || liveOnly !== true) throw thrown
    warnings.push(`${thrown.message} Nothing was delivered.`)
    return null
  }
}

function toDeliver(parts: Parts, sync: SyncOptions, report: DeliveryReport): Pass['deliver'] {
  const { delivering } = parts
  const context = parts.toDelivery(report, sync)
  const policy = { forDoubt: sync.waitForDoubt ?? false, asked: delivering.asked }
  return ({ stop, patienceMs: forDeliveryMs, wait }) =>
    delivering.run(() => deliverAll(context, { ...policy, forDeliveryMs }, stop), { wait })
}

/** In one transaction: after a kill between the two, what happened from go-live until then would be taken for history. */
function goLiveOnce(base: DirectoryContext): Instant {
  const isFirst = base.store.meta.get(META.goLive(base.source.name)) === null
  const goLive = findGoLive(base)
  noteOpenedSince(base, isFirst ? goLive : base.source.now())
  return goLive
}

async function readAll(parts: Parts, pass: Pass): Promise<void> {
  const { store, mappings, ports } = parts
  const { connector, sync, known, read, warnings, signal } = pass
  const { name } = connector.config
  const base = parts.contextOf(connector)
  if (sync.quick !== true) await readDirectories(base, signal)
  if (known !== null) mappings.refuse(known)
  const reader = { ...base, goLive: store.transaction(() => goLiveOnce(base)) }
  const reading = {
    ...toReadOptions(connector.config, sync, read, signal),
    requested: store.refreshRequests.due(name, fromMs(ports.clock.now()), MOST_REFRESHED),
  }
  if (sync.contact !== undefined && !(await readPerson(reader, sync.contact, signal)))
    warnings.push(`No customer of ${name} has this address.`)
  if (known !== null && isTellingEarly(parts, pass)) {
    mappings.compile(known)
    const readOn = (stop: AbortSignal): Promise<void> => readSource(reader, { ...reading, signal: stop })
    const tell = (stop: AbortSignal): Promise<void> => pass.deliver({ stop, patienceMs: 0, wait: true })
    await meanwhile(ports.clock, DELIVER_EVERY_MS, readOn, tell, signal)
  } else await readSource(reader, reading)
  if (sync.reconcile === true) await reconcile(reader, reading)
  await decideCampaigns(reader, signal)
}

/** Identifiers cost a write each: where there are any, they go out while a first sync is still reading. */
function isTellingEarly({ store }: Parts, { connector: { config }, sync }: Pass): boolean {
  return (
    sync.liveOnly !== true &&
    identifies(config.rules) &&
    !store.cursors.isBackfilled(config.name, toStreams(config, sync.resources))
  )
}

async function deliverAfterwards(parts: Parts, pass: Pass, known: Attribute[]): Promise<void> {
  const { store, mappings, caller } = parts
  const { connector, sync, read, warnings, signal } = pass
  warnings.push(...mappings.compile(known))
  sync.onAccepted?.()
  const patienceMs = sync.patienceMs ?? DEFAULT_PATIENCE_MS
  // A live run need not wait for a delivery that is under way: that one sees to it.
  const deliver = (stop = signal): Promise<void> =>
    pass.deliver({ stop, patienceMs, wait: sync.liveOnly !== true })
  const options = toReadOptions(connector.config, sync, read, signal)
  await readManyPhones(parts.contextOf(connector), options, deliver)
  await deliver()
  store.meta.set(META.rateLimits(connector.config.name), {
    helpdesk: connector.source.budget(),
    brevo: caller.budget(),
  })
}
