// What runs did, the newest first, and day by day; and who changed what through the console.
import { enabled } from '../../../engine/streams.ts'
import type { Run, RunCounts } from '../../../state/reading/runs.ts'
import { toMs } from '../../../model/time.ts'
import { bars } from '../charts.ts'
import type { ConsoleDoor } from '../door.ts'
import { type Html, html } from '../html.ts'
import type { Content } from '../layout.ts'
import { ago, badge, empty, link, live, said, table } from '../parts.ts'
import { shown, type Visit } from '../visit.ts'

const ROWS = 50
const DAYS = 30
const CHANGES = 30
const DAY_MS = 24 * 3_600_000

export function runsPage(visit: Visit, { store, config }: ConsoleDoor): Content {
  const { words, query } = visit
  const names = enabled(config).map((one) => one.name)
  const wanted = query.get('connector')
  const name = names.find((one) => one === wanted) ?? names[0]
  if (name === undefined) return { title: words.t('nav.runs'), body: empty(words.t('runs.none')) }
  const before = Number(query.get('before') ?? Number.NaN)
  const isFirst = !Number.isSafeInteger(before)
  const runs = store.runs.page(name, isFirst ? Number.MAX_SAFE_INTEGER : before, ROWS)
  const older =
    runs.length < ROWS
      ? null
      : link(visit, `/runs?connector=${encodeURIComponent(name)}&before=${runs.at(-1)!.id}`, words.t('older'))
  const body = [
    names.length < 2
      ? null
      : html`<p class="tabs">
          ${names.map((one) => html` ${link(visit, `/runs?connector=${encodeURIComponent(one)}`, one === name ? html`<strong>${one}</strong>` : one)}`)}
        </p>`,
    showDays(visit, store, name),
    runs.length === 0 ? empty(words.t('runs.none')) : showRuns(visit, name, runs),
    html`<p>${older}</p>`,
    showChanges(visit, store),
  ]
  return { title: words.t('nav.runs'), body: isFirst ? live(visit, 5, body) : body, renews: isFirst }
}

function showDays({ words, now }: Visit, store: ConsoleDoor['store'], name: string): Html | null {
  const dates = Array.from({ length: DAYS }, (_, index) =>
    new Date(now - (DAYS - 1 - index) * DAY_MS).toISOString().slice(0, 10),
  )
  const days = store.runs.days(name, dates[0]!)
  if (days.length === 0) return null
  const of = (pick: (day: (typeof days)[number]) => number): number[] =>
    dates.map((date) => days.filter((one) => one.day === date).reduce((sum, one) => sum + pick(one), 0))
  const label = words.t('runs.chart', { count: DAYS })
  return html`<figure>
      <figcaption>${label}</figcaption>
      ${bars(label, [
        { kind: 'good', values: of((one) => one.runs - one.failed) },
        { kind: 'bad', values: of((one) => one.failed) },
      ])}
    </figure>
    <details>
      <summary>${words.t('runs.by_day')}</summary>
      ${table(
        words.t('runs.by_day'),
        ['day', 'count', 'failed', 'read', 'written', 'sent'].map((one) => words.of('runs', one)),
        days
          .toReversed()
          .map((one) => [
            words.day(one.day),
            ...[one.runs, one.failed, one.read, one.contacts, one.events].map((count) => words.count(count)),
          ]),
        { isNumeric: [1, 2, 3, 4, 5] },
      )}
    </details>`
}

function showRuns(visit: Visit, name: string, runs: readonly Run[]): Html {
  const { words } = visit
  return table(
    words.t('runs.of', { name }),
    ['started', 'result', 'took', 'read', 'written', 'sent', 'note'].map((one) => words.of('runs', one)),
    runs.map((run) => {
      const counts = run.report === null ? null : (JSON.parse(run.report) as RunCounts)
      const mood =
        run.result === null
          ? 'wait'
          : run.result === 'failed'
            ? 'bad'
            : run.result === 'done'
              ? 'good'
              : 'plain'
      return [
        ago(visit, toMs(run.started_at)),
        badge(mood, words.of('result', run.result ?? 'running')),
        run.ended_at === null ? '–' : words.duration(toMs(run.ended_at - run.started_at)),
        counts === null ? '–' : words.count(Object.values(counts.read).reduce((sum, one) => sum + one, 0)),
        counts === null ? '–' : words.count(counts.contacts.written),
        counts === null ? '–' : words.count(counts.events.sent),
        run.error === null ? '' : said(shown(visit, run.error)),
      ]
    }),
    { isNumeric: [3, 4, 5] },
  )
}

function showChanges(visit: Visit, { consoleLog }: ConsoleDoor['store']): Html {
  const { words } = visit
  const entries = consoleLog.last(CHANGES)
  return html`<section aria-labelledby="changes">
    <h2 id="changes">${words.t('changes.title')}</h2>
    ${
      entries.length === 0
        ? empty(words.t('changes.none'))
        : table(
            words.t('changes.title'),
            ['when', 'who', 'what', 'of'].map((one) => words.of('changes', one)),
            entries.map((one) => [
              ago(visit, toMs(one.at)),
              html`${one.who} <small>${one.token}</small>`,
              words.of('change', one.action),
              one.what,
            ]),
          )
    }
  </section>`
}
