// Everything that is known of one address, and why: what `tajo explain` says, each thing with a link to what it comes from.
import type { ExplainedAttribute, ExplainedList, Explanation } from '../../../explain/explain.ts'
import { explainContact } from '../../../explain/explain.ts'
import { enabled } from '../../../engine/streams.ts'
import { toMs } from '../../../model/time.ts'
import type { Origin } from '../../../mapping/origins.ts'
import type { Addresses } from '../safety/addresses.ts'
import type { ConsoleDoor } from '../door.ts'
import { type Html, html, type Shown } from '../html.ts'
import type { Content } from '../layout.ts'
import { ago, at, badge, empty, link, live, type Mood, said, table } from '../parts.ts'
import { shown, type Visit } from '../visit.ts'

/** Ids of records that are shown beside a value. */
const MOST_IDS = 8

/** Where nobody was looked for yet, or nobody was found: `missed` is `unknown` or `invalid`. */
export function findPage({ words, site }: Visit, asked: string | null): Content {
  const missed = ['unknown', 'invalid'].find((one) => one === asked) ?? null
  return {
    title: words.t('nav.person'),
    body: html`${missed === null ? null : html`<p class="notice bad" role="alert">${words.of('person', missed)}</p>`}
      <p class="lead">${words.t('person.lead')}</p>
      <form method="post" action="${site.base}/console/person" class="wide">
        <label for="email">${words.t('find.label')}</label>
        <input id="email" name="email" type="email" required autocomplete="off" />
        <button>${words.t('find.button')}</button>
      </form>`,
  }
}

export function personPage(visit: Visit, { store, config }: ConsoleDoor, email: string): Content | null {
  const { words } = visit
  const explained = explainContact(store, config, email)
  if (explained === null) return null
  const body = html`<p class="lead">${said(shown(visit, explained.contact))}</p>
    <section aria-labelledby="attributes">
      <h2 id="attributes">${words.t('person.attributes')}</h2>
      ${toAttributes(visit, explained)}
    </section>
    <section aria-labelledby="lists">
      <h2 id="lists">${words.t('person.lists')}</h2>
      ${toLists(visit, explained)}
    </section>
    <section aria-labelledby="timeline">
      <h2 id="timeline">${words.t('person.timeline')}</h2>
      ${toTimeline(visit, store, config, explained)}
    </section>`
  return { title: shown(visit, email), body: live(visit, 5, body), renews: true }
}

function toAttributes(visit: Visit, { attributes, confirming }: Explanation): Html {
  const { words } = visit
  const rows = Object.entries(attributes).map(([name, one]) => [
    link(visit, `/attributes/${encodeURIComponent(name)}`, name),
    [
      html`<strong>${showValue(visit, one.value)}</strong>`,
      one.wanted === undefined
        ? null
        : html`<br />${words.t(confirming ? 'person.confirming' : 'person.wanted', { value: showValue(visit, one.wanted) })}`,
    ],
    toSource(visit, one),
    one.sent_at === null ? '–' : ago(visit, Date.parse(one.sent_at)),
    one.previous === null ? '–' : showValue(visit, one.previous),
  ])
  if (rows.length === 0) return empty(words.t('person.no_attributes'))
  const head = ['attribute', 'value', 'from', 'sent', 'before'].map((name) => words.of('person', name))
  return table(words.t('person.attributes'), head, rows)
}

/** The line of connectors.yml, and the records behind it. */
function toSource(visit: Visit, { mapping, from }: ExplainedAttribute): Shown {
  const place =
    mapping === null
      ? html`<span>${visit.words.t('person.no_line')}</span>`
      : [toLine(visit, mapping.line), html` <code>${mapping.expression ?? mapping.field}</code>`]
  return [place, from.length === 0 ? null : html`<br /><small>${toRecords(visit, from)}</small>`]
}

const toLine = (visit: Visit, line: number): Html =>
  link(visit, `/mapping#L${line}`, visit.words.t('line', { line }))

function toRecords({ words }: Visit, origins: readonly Origin[]): string {
  const groups = new Map<string, Origin[]>()
  for (const one of origins) {
    const key = `${one.connector} ${one.record}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [one])
    else group.push(one)
  }
  return [...groups.values()]
    .map((all) => {
      const { connector, record } = all[0]!
      const ids = [...new Set(all.map((one) => one.id))]
      const more = ids.length > MOST_IDS ? ` ${words.t('more', { count: ids.length - MOST_IDS })}` : ''
      return `${words.of('record', record)} ${ids.slice(0, MOST_IDS).join(', ')}${more} (${connector})`
    })
    .join('; ')
}

function toLists(visit: Visit, { lists }: Explanation): Html {
  const { words } = visit
  const rows = Object.entries(lists).map(([id, one]: [string, ExplainedList]) => [
    link(visit, `/lists/${id}`, one.name === '' ? id : `${one.name} (${id})`),
    badge(one.member ? 'good' : 'plain', words.t(one.member ? 'person.member' : 'person.no_member')),
    said(shown(visit, one.reason)),
    one.mapping === null ? '–' : toLine(visit, one.mapping.line),
  ])
  if (rows.length === 0) return empty(words.t('person.no_lists'))
  const head = ['list', 'member', 'why', 'line_head'].map((name) => words.of('person', name))
  return table(words.t('person.lists'), head, rows)
}

interface Happening {
  at: number
  what: Shown
  mood: Mood
  state: string
  reason: Shown
}

/** What happened in the helpdesk, and what was made of it, or was not, the newest first. */
function toTimeline(
  visit: Visit,
  store: ConsoleDoor['store'],
  config: ConsoleDoor['config'],
  { email, events, campaigns }: Explanation,
): Html {
  const { words } = visit
  const occurrences = enabled(config).flatMap(({ name }): Happening[] => {
    const { tickets, surveys } = store.recordsOf(name, email)
    const happened = (
      ms: number,
      key: 'opened' | 'closed' | 'rated',
      id: string,
      score?: number,
    ): Happening => ({
      at: ms,
      what: words.t(`happened.${key}`, { id, connector: name, score: score ?? '' }),
      mood: 'plain',
      state: words.t('happened'),
      reason: null,
    })
    return [
      ...tickets.flatMap(({ id, createdAt, closedAt }) => [
        happened(toMs(createdAt), 'opened', id),
        ...(closedAt === null ? [] : [happened(toMs(closedAt), 'closed', id)]),
      ]),
      ...surveys.map(({ id, scoredAt, score }) => happened(toMs(scoredAt), 'rated', id, score)),
    ]
  })
  const told: Happening[] = events.map((one) => ({
    at: Date.parse(one.at),
    what: words.t('happened.event', { name: one.name }),
    mood: one.state === 'sent' ? 'good' : one.state === 'refused' ? 'bad' : 'wait',
    state: words.of('event', one.state),
    reason: said(shown(visit, one.reason)),
  }))
  const decided: Happening[] = campaigns.map((one) => ({
    at: Date.parse(one.at),
    what: words.t('happened.campaign', { name: one.campaign }),
    mood: one.state === 'fired' ? 'good' : one.state === 'dropped' ? 'plain' : 'wait',
    state: words.of('campaign', one.state),
    reason: said(shown(visit, one.reason)),
  }))
  const all = [...occurrences, ...told, ...decided].toSorted((a, b) => b.at - a.at)
  if (all.length === 0) return empty(words.t('person.no_timeline'))
  return html`<ol class="timeline">
    ${all.map(
      (one) =>
        html`<li>
          <p>${at(visit, one.at)} <strong>${one.what}</strong> ${badge(one.mood, one.state)}</p>
          ${one.reason === null ? null : html`<p>${one.reason}</p>`}
        </li>`,
    )}
  </ol>`
}

export function showValue(visit: Visit, value: unknown): string {
  const { words } = visit
  if (value === null || value === undefined || value === '') return words.t('nothing')
  if (Array.isArray(value)) return shown(visit, value.join(', '))
  if (typeof value === 'boolean') return words.t(value ? 'yes' : 'no')
  return typeof value === 'string' ? shown(visit, value) : JSON.stringify(value)
}

/** A person whom another page names. */
export const toPerson = (visit: Visit, addresses: Addresses, email: string): Html =>
  link(visit, `/person/${addresses.toId(email)}`, shown(visit, email))
