// tajo campaigns: what each campaign did and did not do, why, and a switch.
import { formatTime, formatCount } from '../../../lib/human.ts'
import { loadConfig } from '../../../config/load.ts'
import type { CampaignRule } from '../../../mapping/campaigns.ts'
import { TajoError } from '../../../lib/errors.ts'
import { normalizeEmail } from '../../../model/email.ts'
import { toIso } from '../../../model/time.ts'
import type { CampaignState } from '../../../state/delivery/campaign-entries.ts'
import { openStoreBeside, openStoreReadOnly, type Store } from '../../../state/store.ts'
import { isPaused, pauseCampaign, resumeCampaign } from '../../../sync/campaigns/switch.ts'
import type { CommonOptions } from '../terminal/session.ts'
import { paint, print, wrap } from '../terminal/terminal.ts'

type CampaignOptions = CommonOptions & { json?: boolean }

export interface ListedCampaign {
  name: string
  on: string
  event: string
  paused: boolean
  counts: Record<CampaignState, number>
}

export function listCampaigns(rules: readonly CampaignRule[], store: Store | null): ListedCampaign[] {
  const counts = store?.campaigns.counts() ?? {}
  return rules.map(({ name, on, event }) => ({
    name,
    on,
    event,
    paused: store !== null && isPaused(store, name),
    counts: { waiting: 0, held: 0, fired: 0, dropped: 0, ...counts[name] },
  }))
}

export function runCampaignsList(options: CampaignOptions): number {
  const { campaigns } = loadConfig(options.config, process.env)
  const store = openStoreReadOnly(options.stateDir)
  const listed = listCampaigns(campaigns, store)
  store?.close()
  if (options.json === true) print(JSON.stringify(listed))
  else if (listed.length === 0) print(`${options.config} has no campaigns.`)
  for (const { name, on, paused, counts } of options.json === true ? [] : listed) {
    print(wrap(`${paint('bold', name)}  on ${on}${paused ? paint('yellow', '  paused') : ''}`, 2))
    print(
      wrap(
        `  ${formatCount(counts.fired)} fired, ${formatCount(counts.waiting)} waiting, ${formatCount(counts.held)} held, ${formatCount(counts.dropped)} not sent`,
        2,
      ),
    )
  }
  return 0
}

/** Every decision about one contact, newest first. */
export function runCampaignsWhy(name: string, address: string, options: CampaignOptions): number {
  requireCampaign(name, options)
  const email = normalizeEmail(address)
  if (email === null) throw new TajoError('usage', `"${address}" is no e-mail address.`)
  const store = openStoreReadOnly(options.stateDir)
  const entries = store?.campaigns.of(name, email) ?? []
  store?.close()
  const shown = entries.map((entry) => ({
    event_id: entry.id,
    happened_at: toIso(entry.occurredAt),
    state: entry.state,
    reason: entry.reason,
    decided_at: entry.decidedAt === null ? null : toIso(entry.decidedAt),
    due_at: entry.decidedAt === null ? toIso(entry.dueAt) : null,
  }))
  if (options.json === true) print(JSON.stringify(shown))
  else if (shown.length === 0) print(`${name} had nothing to decide about this contact.`)
  for (const one of options.json === true ? [] : shown) {
    const time = one.due_at === null ? formatTime(one.decided_at!) : `due ${formatTime(one.due_at)}`
    print(`${paint('bold', WORDS[one.state])}  ${time}  for what happened at ${formatTime(one.happened_at)}`)
    if (one.reason !== null) print(`  ${one.reason}`)
  }
  return 0
}

const WORDS: Record<CampaignState, string> = {
  waiting: 'waiting ',
  held: 'held    ',
  fired: 'fired   ',
  dropped: 'not sent',
}

export function runCampaignsPause(name: string, options: CampaignOptions): number {
  change(name, options, (store) => pauseCampaign(store, name))
  print(`${paint('green', '✓')} ${name} is paused: what comes due is held. tajo campaigns resume ${name}`)
  return 0
}

export function runCampaignsResume(name: string, options: CampaignOptions): number {
  change(name, options, (store) => resumeCampaign(store, name))
  print(`${paint('green', '✓')} ${name} goes on; what was held is decided by the next run.`)
  return 0
}

function change(name: string, options: CampaignOptions, action: (store: Store) => void): void {
  requireCampaign(name, options)
  const store = openStoreBeside(options.stateDir)
  if (store === null)
    throw new TajoError('usage', 'Nothing was synced yet.', { hint: 'Start with: tajo start' })
  try {
    store.transaction(() => action(store))
  } finally {
    store.close()
  }
}

function requireCampaign(name: string, options: CommonOptions): void {
  const { campaigns } = loadConfig(options.config, process.env)
  if (campaigns.some((one) => one.name === name)) return
  const known = campaigns.map((one) => one.name).join(', ')
  throw new TajoError('usage', `There is no campaign ${name} in ${options.config}.`, {
    hint: known === '' ? 'It has none.' : `Campaigns are: ${known}.`,
  })
}
