// What an editor can change through the console. Each act is written into the audit log with who did it, in the transaction that does it.
import { requireEnabled } from '../../config/config.ts'
import { fromMs } from '../../model/time.ts'
import { describeLetter, toLetterId } from '../../outbox/letters.ts'
import { dropLetter, retryLetter } from '../../outbox/retry.ts'
import { approve, readPending } from '../../state/reading/applied-config.ts'
import type { ConsoleAction } from '../../state/console/log.ts'
import type { DeadLetter } from '../../state/delivery/dead-letters.ts'
import { fingerprint } from '../../dry-run/report.ts'
import { pauseCampaign, resumeCampaign } from '../../sync/campaigns/switch.ts'
import type { ConsoleDoor } from './door.ts'
import { toReason } from './pages/set-aside.ts'
import type { Visit } from './visit.ts'

/** What is said afterwards: a key of the texts, and how many. */
export interface Done {
  /** Where to. */
  path: string
  note: string
  count: number
  /** Of those that were meant, so many it could not be done with. */
  impossible?: number
}

type Form = URLSearchParams

/** Called in a transaction. */
export function note(
  door: ConsoleDoor,
  { session }: Pick<Visit, 'session'>,
  action: ConsoleAction,
  what: string,
): void {
  const at = fromMs(door.clock.now())
  door.store.consoleLog.add({ at, who: session.name, token: session.token, action, what })
  door.log.info('Changed through the console', { who: session.name, token: session.token, action, what })
}

export const ACTS: Record<string, (visit: Visit, door: ConsoleDoor, form: Form) => Done | null> = {
  '/health/sync': (visit, door, form) => sync(visit, door, form, false),
  '/health/accept-removals': (visit, door, form) => sync(visit, door, form, true),
  '/set-aside/retry': (visit, door, form) => changeLetters(visit, door, form, 'letters.retry'),
  '/set-aside/drop': (visit, door, form) => changeLetters(visit, door, form, 'letters.drop'),
  '/campaigns/pause': (visit, door, form) => switchCampaign(visit, door, form, 'campaign.pause'),
  '/campaigns/resume': (visit, door, form) => switchCampaign(visit, door, form, 'campaign.resume'),
  '/mapping/approve-pending': approvePending,
}

function sync(visit: Visit, door: ConsoleDoor, form: Form, acceptRemovals: boolean): Done {
  const { name } = requireEnabled(door.config, form.get('connector') ?? '')
  door.store.transaction(() => note(door, visit, acceptRemovals ? 'accept_removals' : 'sync', name))
  door.sync(name, { acceptRemovals })
  return { path: '', note: 'sync', count: 1 }
}

function changeLetters(
  visit: Visit,
  door: ConsoleDoor,
  form: Form,
  action: 'letters.retry' | 'letters.drop',
): Done {
  const { store } = door
  const ids = new Set(form.getAll('id'))
  const reason = form.get('reason')
  const isMeant = (letter: DeadLetter): boolean =>
    ids.has(toLetterId(letter)) || (reason !== null && toReason(describeLetter(letter, store)) === reason)
  const [count, meant] = store.transaction(() => {
    const letters = store.deadLetters.list().filter((one) => isMeant(one))
    const changed = letters.filter((one) => {
      if (action === 'letters.retry') return retryLetter(store, one) === null
      dropLetter(store, one)
      return true
    })
    if (letters.length > 0) note(door, visit, action, toNames(letters))
    return [changed.length, letters.length]
  })
  return { path: '/set-aside', note: action, count, impossible: meant - count }
}

const MOST_NAMED = 20

function toNames(letters: readonly DeadLetter[]): string {
  const named = letters
    .slice(0, MOST_NAMED)
    .map((one) => toLetterId(one))
    .join(' ')
  return letters.length > MOST_NAMED ? `${named} + ${letters.length - MOST_NAMED}` : named
}

function switchCampaign(
  visit: Visit,
  door: ConsoleDoor,
  form: Form,
  action: 'campaign.pause' | 'campaign.resume',
): Done | null {
  const { store, config } = door
  const campaign = config.campaigns.find(({ name }) => name === form.get('campaign'))?.name
  if (campaign === undefined) return null
  store.transaction(() => {
    if (action === 'campaign.pause') pauseCampaign(store, campaign)
    else resumeCampaign(store, campaign)
    note(door, visit, action, campaign)
  })
  return { path: '/campaigns', note: action, count: 1 }
}

/** As `tajo approve`: what is on the disk, and was looked at. */
function approvePending(visit: Visit, door: ConsoleDoor, form: Form): Done {
  const { store, file } = door
  const sha256 = form.get('sha256')
  const pending = readPending(store)
  const text = file.read()
  const isIt =
    pending?.state === 'waiting' && pending.sha256 === sha256 && text !== null && fingerprint(text) === sha256
  if (!isIt) return { path: '/mapping', note: 'changed_elsewhere', count: 1 }
  store.transaction(() => {
    approve(store, sha256)
    note(door, visit, 'config.approve', sha256.slice(0, 12))
  })
  return { path: '/mapping', note: 'config.approve', count: 1 }
}
