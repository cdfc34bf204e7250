// Webhooks make it fast, polls make it right: where polls find what no webhook told, something is wrong with the webhook. It is
// looked at, switched on again if that is wanted, and said.
import type { Log } from '../lib/log/log.ts'
import type { Secret } from '../lib/log/secret.ts'
import { fromMs, type Instant } from '../model/time.ts'
import type { Source } from '../sources/source.ts'
import { type InstalledWebhook, META, type WebhookHealth, type WebhookState } from '../state/meta.ts'
import type { Store } from '../state/store.ts'

/** A delivery may come so much later than the change that it tells. */
const GRACE = fromMs(60_000)
/** While it is silent the helpdesk is asked about it this often. */
const ASK_AGAIN = fromMs(30 * 60_000)

export function readInstalled(store: Pick<Store, 'meta'>, name: string): InstalledWebhook | null {
  return store.meta.get(META.webhook(name))
}

export function noteInstalled(
  store: Pick<Store, 'meta'>,
  name: string,
  installed: InstalledWebhook | null,
): void {
  if (installed === null) store.meta.remove(META.webhook(name))
  else store.meta.set(META.webhook(name), installed)
  store.meta.remove(META.webhookHealth(name))
}

/** Null before it was ever in doubt. */
export function readHealth(store: Pick<Store, 'meta'>, name: string): WebhookHealth | null {
  return store.meta.get(META.webhookHealth(name))
}

export interface Watched {
  source: Source
  store: Store
  log: Log
  now: Instant
  /** Null: it is only said. */
  repairWith: Secret | null
}

/** Called after a poll. True while the webhook can't be relied on. */
export async function watchWebhook(watched: Watched, signal?: AbortSignal): Promise<boolean> {
  const { store, source, now } = watched
  const installed = readInstalled(store, source.name)
  if (installed === null) return false
  const before = readHealth(store, source.name)
  if (!isSilent(store, source.name, installed, now)) {
    if (before !== null && before.state !== 'ok') note(watched, { state: 'ok', since: now, askedAt: now })
    return false
  }
  if (before !== null && before.state !== 'ok' && now - before.askedAt < ASK_AGAIN) return true
  const state = await ask(watched, installed, signal)
  const since = before !== null && before.state !== 'ok' ? before.since : now
  note(watched, { state, since, askedAt: now })
  return true
}

/** A ticket changed, and nothing was delivered around that time or since. */
function isSilent(store: Store, name: string, installed: InstalledWebhook, now: Instant): boolean {
  const changedAt = store.cursors.read(name, 'tickets').watermark
  if (changedAt === null || changedAt <= installed.at || now - changedAt < GRACE) return false
  const deliveredAt = Math.max(store.refreshRequests.counts(name).lastAt ?? 0, installed.at)
  return changedAt > deliveredAt + GRACE
}

async function ask(
  { source, store, log, now, repairWith }: Watched,
  installed: InstalledWebhook,
  signal?: AbortSignal,
): Promise<WebhookState> {
  const api = source.webhooks
  // Entered by a person: nobody but a person can look at it.
  if (api === null) return 'silent'
  const webhook = await api.find(installed, signal)
  const state: WebhookState =
    webhook === null
      ? 'removed'
      : !webhook.active
        ? 'switched_off'
        : webhook.url !== installed.url || webhook.differences.length > 0
          ? 'changed'
          : 'silent'
  if (state === 'silent' || repairWith === null || repairWith.reveal() === '') return state
  const [secret = ''] = repairWith.reveal().split(',')
  const id = await api.install(installed.url, secret, webhook, signal)
  store.meta.set(META.webhook(source.name), { id, url: installed.url, at: now })
  log.info('The webhook was repaired', { connector: source.name, it_was: state })
  return state
}

const WORDS: Record<WebhookState, string> = {
  ok: 'The webhook is well again, as far as can be seen',
  silent: 'Polls find changes that no webhook told; does the helpdesk reach public_url?',
  switched_off: 'The helpdesk has switched its webhook off',
  removed: 'The helpdesk has no webhook for tajo any more',
  changed: 'The webhook in the helpdesk is not as it must be',
}

function note({ store, source, log }: Watched, health: WebhookHealth): void {
  store.meta.set(META.webhookHealth(source.name), health)
  const say = health.state === 'ok' ? log.info : log.warn
  say(WORDS[health.state], {
    connector: source.name,
    ...(health.state === 'ok'
      ? {}
      : { polling: 'every minute meanwhile', look: `tajo webhooks status ${source.name}` }),
  })
}
