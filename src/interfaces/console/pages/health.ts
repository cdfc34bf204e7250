// How each connector is: as fresh as what reaches Brevo, and what a person has to see to.
import type { ConnectorConfig } from '../../../config/config.ts'
import { enabled } from '../../../engine/streams.ts'
import type { ConnectorStatus } from '../../../engine/status.ts'
import type { Objective } from '../../../state/reading/objectives.ts'
import { bars } from '../charts.ts'
import type { ConsoleDoor, Finding } from '../door.ts'
import { type Html, html, type Shown } from '../html.ts'
import type { Content } from '../layout.ts'
import { action, ago, badge, facts, link, live, type Mood, said, table } from '../parts.ts'
import { shown, type Visit } from '../visit.ts'

const DAY_MS = 24 * 3_600_000
const CHART_DAYS = 30

export function healthPage(visit: Visit, door: ConsoleDoor): Content {
  const { words } = visit
  const { connectors, at } = door.statuses()
  const findings = door.findings()
  const body = [
    html`<p class="lead">
      ${words.t(findings.length === 0 ? 'health.well' : 'health.look', { count: findings.length })}
    </p>`,
    findings.length === 0
      ? null
      : html`<section aria-labelledby="attention">
          <h2 id="attention">${words.t('health.attention')}</h2>
          <ul class="findings">
            ${findings.map((one) => showFinding(visit, door, one))}
          </ul>
        </section>`,
    enabled(door.config).map((connector) =>
      showConnector(visit, door, connector, connectors.get(connector.name)!),
    ),
    html`<p class="asof">${words.t('as_of', { time: words.time(at) })}</p>`,
  ]
  return { title: words.t('nav.health'), body: live(visit, 5, body), renews: true }
}

function showFinding(
  visit: Visit,
  { config }: ConsoleDoor,
  { id, severity, summary, action: todo }: Finding,
): Html {
  const { words } = visit
  const [about] = id.split(':')
  const [first] = enabled(config)
  const mend: Record<string, () => Shown> = {
    guard: () =>
      action(visit, '/health/accept-removals', words.t('health.accept'), {
        values: { connector: first?.name ?? '' },
        isDangerous: true,
      }),
    config: () => link(visit, '/mapping', words.t('health.to_mapping')),
    dead_letters: () => link(visit, '/set-aside', words.t('health.to_letters')),
  }
  const mood = severity === 'critical' ? 'bad' : 'wait'
  return html`<li>
    ${badge(mood, words.of('severity', severity))} ${said(shown(visit, summary))}
    <p>${said(shown(visit, todo))}</p>
    ${mend[about ?? '']?.() ?? null}
  </li>`
}

function moodOf(status: ConnectorStatus): [Mood, string] {
  if (status.needsAttention) return ['bad', 'attention']
  if (status.troubles.helpdesk !== null || status.troubles.brevo !== null) return ['bad', 'unanswered']
  if (status.firstSync !== null) return ['wait', 'first_sync']
  if (!status.connected) return ['bad', 'failing']
  return ['good', 'in_step']
}

function showConnector(
  visit: Visit,
  door: ConsoleDoor,
  { name, label }: ConnectorConfig,
  status: ConnectorStatus,
): Html {
  const { words } = visit
  const [mood, state] = moodOf(status)
  const id = `connector-${name}`
  return html`<section class="card" aria-labelledby="${id}">
    <h2 id="${id}">${name} <small>${label}</small> ${badge(mood, words.of('state', state))}</h2>
    ${showFirstSync(visit, status)}
    ${facts([
      [words.t('health.fresh'), toFreshness(visit, status)],
      [words.t('health.backlog'), toBacklog(visit, status)],
      [words.t('health.budget'), toBudget(visit, status)],
      [words.t('health.objective'), toObjectives(visit, status)],
      [words.t('health.next'), status.nextRun === null ? null : ago(visit, Date.parse(status.nextRun))],
      [words.t('health.last_error'), status.lastError === null ? null : said(shown(visit, status.lastError))],
      [words.t('health.known'), toKnown(visit, status)],
    ])}
    ${toChart(visit, door, name)} ${lastRuns(visit, door, name)}
    ${action(visit, '/health/sync', words.t('health.sync'), { values: { connector: name } })}
  </section>`
}

function showFirstSync({ words }: Visit, { firstSync }: ConnectorStatus): Html | null {
  if (firstSync === null) return null
  const { read, recordsPerSecond, isRead, written, waiting, contactsPerSecond, secondsLeft } = firstSync
  const rate = (perSecond: number): string =>
    perSecond < 1 ? '' : ` (${words.t('first.rate', { count: Math.round(perSecond) })})`
  const records = words.t('first.reading', { count: read.customers + read.tickets + read.surveys })
  const contacts = words.t('first.writing', { count: waiting })
  const left =
    secondsLeft === null ? '' : `, ${words.t('first.left', { time: words.duration(secondsLeft * 1000) })}`
  const title = words.t('first.title')
  return html`<div class="progress">
    <p><strong>${title}</strong></p>
    <p>${records}${rate(recordsPerSecond)}${isRead ? ` · ${words.t('first.all_read')}` : null}</p>
    <p>${contacts}${rate(contactsPerSecond)}${left}</p>
    ${isRead ? html`<progress max="${written + waiting}" value="${written}" aria-label="${title}"></progress>` : html`<progress aria-label="${title}"></progress>`}
  </div>`
}

function toFreshness(visit: Visit, { freshAsOf }: ConnectorStatus): Shown {
  if (freshAsOf === null) return visit.words.t('health.fresh_never')
  return [visit.words.t('health.fresh_until'), ' ', ago(visit, Date.parse(freshAsOf))]
}

function toBacklog({ words }: Visit, { backlog, setAside }: ConnectorStatus): Shown {
  const { contacts, events } = backlog
  return [
    words.t('contacts', { count: contacts }),
    ', ',
    words.t('events', { count: events }),
    setAside.count === 0 ? null : [', ', words.t('health.set_aside', { count: setAside.count })],
  ]
}

function toBudget({ words }: Visit, { rateLimit }: ConnectorStatus): Shown {
  if (rateLimit === null) return null
  const { helpdesk, brevo } = rateLimit
  const parts = [
    helpdesk === null
      ? null
      : words.t('health.budget_helpdesk', { used: helpdesk.used, limit: helpdesk.limit }),
    ...Object.entries(brevo).map(([bucket, left]) =>
      words.t('health.budget_brevo', { bucket: words.of('bucket', bucket), count: left }),
    ),
  ].filter((one) => one !== null)
  return parts.length === 0 ? null : parts.join(' · ')
}

function toObjectives(visit: Visit, { objective, attributeObjectives }: ConnectorStatus): Shown {
  const all = [
    ...(objective === null ? [] : [toObjective(visit, objective)]),
    ...Object.entries(attributeObjectives).map(([name, one]) => `${name}: ${toObjective(visit, one)}`),
  ]
  return all.length === 0 ? null : all.map((one) => html`<p>${one}</p>`)
}

function toObjective({ words }: Visit, { freshnessMs, kept }: Objective): string {
  const told = kept.map(({ days, kept: share }) =>
    words.t('health.objective_days', { count: days, share: share === null ? '–' : words.percent(share) }),
  )
  return `${words.t('health.objective_within', { time: words.duration(freshnessMs) })} ${told.join(' · ')}`
}

function toKnown({ words }: Visit, status: ConnectorStatus): Shown {
  return [
    words.t('customers', { count: status.customersCount }),
    words.t('tickets', { count: status.ticketsTracked }),
    words.t('surveys', { count: status.csatResponses }),
  ].join(', ')
}

function toChart({ words, now }: Visit, { store }: ConsoleDoor, name: string): Html | null {
  const dayOf = (daysAgo: number): string => new Date(now - daysAgo * DAY_MS).toISOString().slice(0, 10)
  const days = Array.from({ length: CHART_DAYS }, (_, index) => dayOf(CHART_DAYS - 1 - index))
  const known = new Map(store.runs.days(name, days[0]!).map((one) => [one.day, one]))
  if (known.size < 2) return null
  const values = days.map((day) => known.get(day)?.events ?? 0)
  const label = words.t('health.chart', { count: values.reduce((sum, one) => sum + one, 0) })
  return html`<figure>
    <figcaption>${label}</figcaption>
    ${bars(label, [{ kind: 'good', values }])}
  </figure>`
}

function lastRuns(visit: Visit, { store }: ConsoleDoor, name: string): Html | null {
  const { words } = visit
  const runs = store.runs.page(name, Number.MAX_SAFE_INTEGER, 5).filter((run) => run.ended_at !== null)
  if (runs.length === 0) return null
  return html`<details>
    <summary>${words.t('health.last_runs')}</summary>
    ${table(
      words.t('health.last_runs'),
      [words.t('runs.started'), words.t('runs.result'), words.t('runs.took')],
      runs.map((run) => [
        ago(visit, run.started_at / 1000),
        badge(run.result === 'done' ? 'good' : 'bad', words.of('result', run.result ?? 'stopped')),
        words.duration((run.ended_at! - run.started_at) / 1000),
      ]),
    )}
    <p>${link(visit, `/runs?connector=${encodeURIComponent(name)}`, words.t('health.all_runs'))}</p>
  </details>`
}
