// Events as they leave: the ledger, the newest first, by state and by name.
import type { LedgerFilter } from '../../../state/delivery/ledger.ts'
import { EVENT_STATES, type EventState } from '../../../state/delivery/outbox-events.ts'
import { toMs } from '../../../model/time.ts'
import type { ConsoleDoor } from '../door.ts'
import { html, when } from '../html.ts'
import type { Content } from '../layout.ts'
import { ago, badge, empty, link, live, type Mood, said, table } from '../parts.ts'
import type { Addresses } from '../safety/addresses.ts'
import { shown, type Visit } from '../visit.ts'
import { toPerson } from './person.ts'

const ROWS = 50

const MOODS: Partial<Record<EventState, Mood>> = {
  sent: 'good',
  refused: 'bad',
  parked: 'bad',
  skipped: 'plain',
}

export function livePage(visit: Visit, { store }: ConsoleDoor, addresses: Addresses): Content {
  const { words, query, site } = visit
  const { state, name, before } = readFilter(query)
  const rows = store.ledger.page({ state, name, before }, ROWS)
  const asked = [
    ...(state === null ? [] : [`state=${state}`]),
    ...(name === null ? [] : [`name=${encodeURIComponent(name)}`]),
  ]
  const listed = rows.map((row) => [
    ago(visit, toMs(row.occurredAt)),
    badge(MOODS[row.state] ?? 'wait', words.of('ledger', row.state)),
    row.name,
    toPerson(visit, addresses, row.email),
    row.sentAt === null ? '–' : ago(visit, toMs(row.sentAt)),
    row.reason === null ? '' : said(shown(visit, row.reason)),
  ])
  const head = ['happened', 'state', 'name', 'contact', 'sent', 'reason'].map((one) => words.of('live', one))
  const older =
    rows.length < ROWS
      ? null
      : link(visit, `/live?${[...asked, `before=${rows.at(-1)!.seq}`].join('&')}`, words.t('older'))
  const list = html`${listed.length === 0 ? empty(words.t('live.none')) : table(words.t('nav.live'), head, listed)}
    <p>${older}</p>`
  return {
    title: words.t('nav.live'),
    renews: before === null,
    body: html`<form method="get" action="${site.base}/console/live" class="filter">
        <label
          >${words.t('live.state')}
          <select name="state">
            <option value="">${words.t('all')}</option>
            ${EVENT_STATES.map(
              (one) =>
                html`<option value="${one}" ${when(one === state, 'selected')}>
                  ${words.of('ledger', one)}
                </option>`,
            )}
          </select></label
        >
        <label>${words.t('live.name')} <input name="name" value="${name ?? ''}" /></label>
        <button>${words.t('filter')}</button>
        <button
          type="button"
          data-pause="${words.t('live.pause')}"
          data-resume="${words.t('live.resume')}"
          hidden
        >
          ${words.t('live.pause')}
        </button>
      </form>
      ${before === null ? live(visit, 1, list) : list}`,
  }
}

function readFilter(query: URLSearchParams): LedgerFilter {
  const state = query.get('state') as EventState
  const before = Number(query.get('before') ?? Number.NaN)
  return {
    state: EVENT_STATES.includes(state) ? state : null,
    name: query.get('name') || null,
    before: Number.isSafeInteger(before) ? before : null,
  }
}
