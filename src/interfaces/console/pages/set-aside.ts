// What was set aside, by its reason, with what can be done about it.
import { describeLetter, type DescribedLetter } from '../../../outbox/letters.ts'
import { maskPersonal } from '../../../lib/log/redact.ts'
import type { ConsoleDoor } from '../door.ts'
import { type Html, html } from '../html.ts'
import type { Content } from '../layout.ts'
import { action, ago, empty, said } from '../parts.ts'
import { mayChange, shown, type Visit } from '../visit.ts'

/** Of one reason that are shown at once. */
const MOST_SHOWN = 50

export function setAsidePage(visit: Visit, { store }: ConsoleDoor): Content {
  const { words } = visit
  const letters = store.deadLetters.list().map((one) => describeLetter(one, store))
  const groups = new Map<string, DescribedLetter[]>()
  for (const one of letters) {
    const key = toReason(one)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [one])
    else group.push(one)
  }
  const sections = [...groups]
    .toSorted((a, b) => b[1].length - a[1].length)
    .map(([reason, all], index) => showGroup(visit, reason, all, index))
  return {
    title: words.t('nav.set_aside'),
    body:
      letters.length === 0
        ? empty(words.t('letters.none'))
        : [html`<p class="lead">${words.t('letters.lead', { count: letters.length })}</p>`, sections],
  }
}

/** What differs from one to the other is left out, so that the same trouble stands together. */
export const toReason = ({ kind, why }: DescribedLetter): string =>
  `${kind}: ${maskPersonal(why)
    .replaceAll(/\d{3,}/g, '…')
    .replaceAll(/\S+\*\*\*\S+/g, '…')}`

function showGroup(visit: Visit, reason: string, letters: readonly DescribedLetter[], index: number): Html {
  const { words, site } = visit
  const [first] = letters
  const shownOnes = letters.slice(0, MOST_SHOWN)
  const id = `reason-${index}`
  const many = (path: string, key: 'letters.retry_all' | 'letters.drop_all', isDangerous: boolean) =>
    letters.length < 2
      ? null
      : action(visit, path, words.t(key, { count: letters.length }), { values: { reason }, isDangerous })
  return html`<section class="card" aria-labelledby="${id}">
    <h2 id="${id}">${words.of('letter', first!.kind)} · ${words.count(letters.length)}</h2>
    <p>${said(shown(visit, first!.why))}</p>
    <p>${said(first!.todo)}</p>
    <div class="acts">
      ${many('/set-aside/retry', 'letters.retry_all', false)}${many('/set-aside/drop', 'letters.drop_all', true)}
    </div>
    <form method="post" action="${site.base}/console/set-aside/retry">
      <ul class="letters">
        ${shownOnes.map((one) => showLetter(visit, one))}
      </ul>
      ${letters.length > shownOnes.length ? html`<p>${words.t('more', { count: letters.length - shownOnes.length })}</p>` : null}
      ${mayChange(visit) ? html`<p class="acts"><button>${words.t('letters.retry')}</button> <button formaction="${site.base}/console/set-aside/drop" data-danger>${words.t('letters.drop')}</button></p>` : null}
    </form>
  </section>`
}

function showLetter(visit: Visit, one: DescribedLetter): Html {
  const { words } = visit
  const next =
    one.next_try_at === null
      ? words.t('letters.no_next')
      : [words.t('letters.next'), ' ', ago(visit, Date.parse(one.next_try_at))]
  const text = html`<strong>${said(shown(visit, one.what))}</strong> <code>${one.id}</code><br />
    <small
      >${words.t('letters.attempts', { count: one.attempts })}, ${words.t('letters.since')}
      ${ago(visit, Date.parse(one.first_at))}; ${next}</small
    >`
  return mayChange(visit)
    ? html`<li>
        <label><input type="checkbox" name="id" value="${one.id}" /> <span>${text}</span></label>
      </li>`
    : html`<li>${text}</li>`
}
