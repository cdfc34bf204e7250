// One shop: opened, run, closed, without leaving anything behind in the process. Commands, the daemon and the SDK are thin doors to this.
import { type Forgotten, forgetPerson, resetCursors } from './maintenance.ts'
import { createHelpdesks } from './helpdesks.ts'
import type { EngineOptions, Ports, SyncOptions } from './options.ts'
import { findOthers } from './others.ts'
import { type Connector, Parts } from './parts.ts'
import { runPass } from './pass.ts'
import type { SyncReport } from './report.ts'
import { toReadOptions } from './streams.ts'
import type { Stream } from '../model/records.ts'
import { fromMs, type Instant, toMs } from '../model/time.ts'
import { type DeliveryReport, emptyReport } from '../outbox/report.ts'
import { deliverAll, untilNextDue } from '../outbox/deliver.ts'
import { decideCampaigns } from '../sync/campaigns/decide.ts'
import { findGoLive } from '../sync/context.ts'
import { readAgentStates } from '../sync/read/agent-states.ts'
import { readBackground } from '../sync/read/read.ts'
import { isReconciling, reconcile } from '../sync/read/reconcile.ts'
import type { Source } from '../sources/source.ts'

export { enabled } from './streams.ts'
export { createSource } from './connectors.ts'
export type { EngineOptions, Ports, SyncOptions } from './options.ts'
export type { Progress, SyncReport } from './report.ts'

export type Engine = ReturnType<typeof openEngine>

/** Opens the state for this process alone; `close` gives it back. */
export function openEngine(options: EngineOptions, ports: Ports) {
  const parts = new Parts(options, ports)
  const { store, delivering } = parts

  return {
    store,
    /** Notes until `signal` aborts which of the APIs does not answer. */
    followTroubles: (signal: AbortSignal): Promise<void> => parts.troubles.follow(store, signal),
    /** Only some customers are seen. */
    isSampled: parts.isSampled,

    /** One pass: read what changed, deliver what follows. Throws what only a person can mend; the rest is in the report. */
    sync: (name: string, sync: SyncOptions = {}, signal?: AbortSignal): Promise<SyncReport> =>
      runPass(parts, name, sync, signal),

    /** Delivers what was postponed and is due now. */
    deliver: (signal?: AbortSignal, sync: SyncOptions = {}): Promise<DeliveryReport> =>
      deliverDue(parts, sync, signal),

    /** Reads what can wait. What it read, if there is something new to deliver. */
    readInBackground: (
      name: string,
      isReconcileDue: boolean,
      onProgress: SyncOptions['onProgress'],
      signal?: AbortSignal,
    ): Promise<Record<string, number> | null> =>
      readInBackground(parts, parts.find(name), isReconcileDue, onProgress, signal),

    /** Who of the shop does something else than before. */
    readAgentStates: (name: string, signal?: AbortSignal): Promise<number> =>
      readAgentStates(parts.contextOf(parts.find(name)), signal),

    /** With `leaveOthers`: what a changed mapping writes of whoever is not marked. `pause` hears how many were found so far. */
    othersToWrite: (pause: (found: number) => Promise<void>, signal?: AbortSignal) =>
      findOthers(store, parts.mappings, pause, signal),

    /** While no write of this person is under way. */
    forget: (email: string, wantsDeletion: boolean): Promise<Forgotten> =>
      delivering.between(() =>
        forgetPerson(
          { store, stateDir: options.stateDir },
          parts.caller,
          email,
          wantsDeletion,
          fromMs(ports.clock.now()),
        ),
      ),

    /** The next run reads these streams again, from `to` on. */
    async resetCursors(streams: readonly Stream[], to: Instant): Promise<void> {
      for (const { config, reading } of parts.connectors.values())
        await reading(async () => resetCursors(store, config.name, streams, to))
    },

    ...createHelpdesks((name) => parts.find(name), { store, ...ports }, options.webhookSecrets ?? {}),

    /** For readings that nothing waits for: what the live runs leave of the helpdesk's budget is theirs. */
    backgroundSource: (name: string): Source => parts.find(name).source.inBackground(),

    isBackfilled: (name: string): boolean => parts.isBackfilled(parts.find(name).config),

    /** Milliseconds until something is to be delivered, looked for or tried again; null if nothing is. */
    untilNextDue(): number | null {
      parts.followClock()
      const decisions = [...parts.connectors.values()].map((one) => untilDecision(parts, one))
      const waits = [untilNextDue(store, ports.clock), ...decisions].filter((wait) => wait !== null)
      return waits.length === 0 ? null : Math.min(...waits)
    },

    close: (): void => store.close(),
  }
}

/** Campaigns whose time came between two runs, and what was postponed. */
async function deliverDue(parts: Parts, sync: SyncOptions, signal?: AbortSignal): Promise<DeliveryReport> {
  const { mappings, delivering } = parts
  const report = emptyReport()
  parts.followClock()
  await parts.untilAborted(signal, async () => {
    for (const connector of parts.connectors.values())
      await connector.reading(() => decideDue(parts, connector, signal))
    mappings.compile(await mappings.check(signal))
    const context = parts.toDelivery(report, sync)
    const waitPolicy = { forDeliveryMs: 0, forDoubt: false, asked: delivering.asked }
    await delivering.run(() => deliverAll(context, waitPolicy, signal), { wait: true })
  })
  return report
}

async function decideDue(parts: Parts, connector: Connector, signal?: AbortSignal): Promise<void> {
  const { config, source } = connector
  if (parts.store.campaigns.due(config.name, source.now(), 1).length === 0) return
  const base = parts.contextOf(connector)
  await decideCampaigns({ ...base, goLive: findGoLive(base) }, signal)
}

/** Milliseconds until a campaign is to be decided, by the helpdesk's clock: what it waits for happened there. */
function untilDecision(parts: Parts, { config, source }: Connector): number | null {
  const at = parts.store.campaigns.nextDueAt(config.name)
  return at === null || !parts.isBackfilled(config) ? null : Math.max(0, toMs(at - source.now()))
}

/**
 * Beside the live runs and with what they leave of the helpdesk's budget: the rest of the first sync, then phones, then, when its time
 * has come, everything again.
 */
async function readInBackground(
  parts: Parts,
  connector: Connector,
  isReconcileDue: boolean,
  onProgress: SyncOptions['onProgress'],
  signal?: AbortSignal,
): Promise<Record<string, number> | null> {
  const base = parts.contextOf(connector, connector.source.inBackground())
  const context = { ...base, goLive: findGoLive(base), priority: 'background' as const }
  const read: Record<string, number> = {}
  const options = toReadOptions(connector.config, { onProgress }, read, signal)
  const found = await readBackground(context, options)
  if (!isReconcileDue && !isReconciling(context)) return found ? read : null
  await reconcile(context, options)
  return read
}
