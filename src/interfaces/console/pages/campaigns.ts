// What each campaign did and did not do, by what decided it, over the last days.
import { DECISION_RULES } from '../../../mapping/campaigns.ts'
import { fromMs } from '../../../model/time.ts'
import type { CampaignDay } from '../../../state/delivery/campaign-entries.ts'
import { isPaused } from '../../../sync/campaigns/switch.ts'
import { bars } from '../charts.ts'
import type { ConsoleDoor } from '../door.ts'
import { type Html, html } from '../html.ts'
import type { Content } from '../layout.ts'
import { action, badge, empty, live, table } from '../parts.ts'
import type { Visit } from '../visit.ts'

const DAYS = 30
const DAY_MS = 24 * 3_600_000

interface Held {
  campaign: string
  rule: string | null
  count: number
}

export function campaignsPage(visit: Visit, { store, config }: ConsoleDoor): Content {
  const { words, now } = visit
  const { campaigns } = config
  const since = Math.floor(now / DAY_MS - (DAYS - 1)) * DAY_MS
  const days = store.campaigns.days(fromMs(since))
  const held = store.campaigns.held()
  const counts = store.campaigns.counts()
  const cards = campaigns.map(({ name, on, event }, index) => {
    const paused = isPaused(store, name)
    const id = `campaign-${index}`
    return html`<section class="card" aria-labelledby="${id}">
      <h2 id="${id}">${name} ${paused ? badge('wait', words.t('campaigns.paused')) : null}</h2>
      <p>${words.t('campaigns.rule', { on, event })}</p>
      ${showFunnel(
        visit,
        days.filter((one) => one.campaign === name),
        held.filter((one) => one.campaign === name),
        counts[name]?.waiting ?? 0,
        since,
      )}
      ${action(visit, paused ? '/campaigns/resume' : '/campaigns/pause', words.t(paused ? 'campaigns.resume' : 'campaigns.pause'), { values: { campaign: name } })}
    </section>`
  })
  return {
    title: words.t('nav.campaigns'),
    renews: true,
    body: campaigns.length === 0 ? empty(words.t('campaigns.none')) : live(visit, 5, cards),
  }
}

function showFunnel(
  { words }: Visit,
  days: readonly CampaignDay[],
  held: readonly Held[],
  waiting: number,
  since: number,
): Html {
  const sum = (all: readonly { count: number }[]): number => all.reduce((total, one) => total + one.count, 0)
  const fired = days.filter((one) => one.state === 'fired')
  const dropped = days.filter((one) => one.state === 'dropped')
  const dates = Array.from({ length: DAYS }, (_, index) =>
    new Date(since + index * DAY_MS).toISOString().slice(0, 10),
  )
  const perDay = (all: readonly CampaignDay[]): number[] =>
    dates.map((day) => sum(all.filter((one) => one.day === day)))
  const byRule = (all: readonly { rule: string | null; count: number }[], state: string) =>
    [...DECISION_RULES, null].flatMap((rule) => {
      const count = sum(all.filter((one) => one.rule === rule))
      return count === 0
        ? []
        : [[`${words.of('campaign', state)}: ${words.of('rule', rule ?? 'other')}`, words.count(count)]]
    })
  const total = words.t('campaigns.chart', { fired: sum(fired), dropped: sum(dropped), days: DAYS })
  return html`<figure>
      <figcaption>${total}</figcaption>
      ${bars(total, [
        { kind: 'good', values: perDay(fired) },
        { kind: 'plain', values: perDay(dropped) },
      ])}
    </figure>
    ${table(
      total,
      [words.t('campaigns.decision'), words.t('campaigns.count')],
      [
        [words.t('campaign.fired'), words.count(sum(fired))],
        ...byRule(dropped, 'dropped'),
        ...byRule(held, 'held'),
        [words.t('campaign.waiting'), words.count(waiting)],
      ],
      { isNumeric: [1] },
    )}`
}
