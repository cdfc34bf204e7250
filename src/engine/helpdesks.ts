// What is asked of the helpdesks besides reading them: webhooks, budgets, a probe.
import type { ConnectorConfig } from '../config/config.ts'
import type { Clock } from '../lib/time/clock.ts'
import { TajoError } from '../lib/errors.ts'
import type { Log } from '../lib/log/log.ts'
import type { Secret } from '../lib/log/secret.ts'
import { fromMs } from '../model/time.ts'
import { requireSource } from '../sources/index.ts'
import type { Source, WebhookReceiver } from '../sources/source.ts'
import type { Store } from '../state/store.ts'
import { watchWebhook } from './webhook-health.ts'
import { pinAccount } from './connectors.ts'

export function createHelpdesks(
  find: (name: string) => { config: ConnectorConfig; source: Source },
  { store, clock, log }: { store: Store; clock: Clock; log: Log },
  secrets: Readonly<Record<string, Secret>>,
) {
  return {
    /** Called after a poll. True while its webhook can't be relied on. */
    async watchWebhook(name: string, signal?: AbortSignal): Promise<boolean> {
      const { source, config: connector } = find(name)
      const secret = secrets[name] ?? null
      const repairWith = connector.webhooks.autoRepair ? secret : null
      try {
        return await watchWebhook({ source, store, log, now: fromMs(clock.now()), repairWith }, signal)
      } catch (thrown) {
        if (!(thrown instanceof TajoError)) throw thrown
        log.warn('The helpdesk could not be asked about its webhook', {
          connector: name,
          reason: thrown.message,
        })
        return true
      }
    },

    /** What of this connector works: one cheap request. Throws what is wrong. */
    async probe(name: string, signal?: AbortSignal): Promise<void> {
      await find(name).source.checks()[0]!.run(signal)
    },

    account: (name: string): string => pinAccount(store, find(name).config),

    /** How deliveries of its webhook are understood; null where the helpdesk has none. */
    receiver: (name: string): WebhookReceiver | null => requireSource(find(name).config.source).receiver,

    /** Milliseconds until something that a webhook named is to be read again; null if nothing is. */
    untilNextRefresh(name: string): number | null {
      const at = store.refreshRequests.nextDueAt(name)
      // Rounded up: what is due within this millisecond is not due yet.
      return at === null ? null : Math.max(0, Math.ceil((at - fromMs(clock.now())) / 1_000))
    },

    /** Requests that the helpdesk takes now, as a share of what it takes in all; 1 where that is not known. */
    freeShare(name: string): number {
      const budget = find(name).source.budget()
      return budget === null ? 1 : Math.max(0, 1 - budget.used / budget.limit)
    },
  }
}
