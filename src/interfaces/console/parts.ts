// Pieces that pages are made of.
import { type Html, html, type Shown, when } from './html.ts'
import { type Look, mayChange, type Visit } from './visit.ts'

/** How long ago, and exactly when; `ms` since the epoch. */
export function ago({ words, now }: Look, ms: number | null): Html {
  if (ms === null) return html`–`
  return html`<time datetime="${new Date(ms).toISOString()}" title="${words.time(ms)}"
    >${words.relative(ms, now)}</time
  >`
}

export function at({ words }: Look, ms: number): Html {
  return html`<time datetime="${new Date(ms).toISOString()}">${words.time(ms)}</time>`
}

export type Mood = 'good' | 'bad' | 'wait' | 'plain'

/** A word with a sign: no state is told by a colour alone. */
const SIGNS: Record<Mood, string> = { good: '✓', bad: '✗', wait: '…', plain: '·' }

export const badge = (mood: Mood, word: string): Html =>
  html`<span class="badge ${mood}"><span aria-hidden="true">${SIGNS[mood]}</span> ${word}</span>`

/** Sentences that tajo says in English everywhere: in its log, in the terminal, in docs/errors. */
export const said = (text: Shown): Html => html`<span lang="en">${text}</span>`

/** A table that may be wider than a phone, and is then moved by itself. */
export function table(
  caption: string,
  head: readonly Shown[],
  rows: readonly (readonly Shown[])[],
  { isNumeric = [] }: { isNumeric?: readonly number[] } = {},
): Html {
  const kind = (index: number): Html => html`${isNumeric.includes(index) ? html` class="number"` : null}`
  return html`<div class="scroll" tabindex="0" role="group" aria-label="${caption}">
    <table>
      <caption class="unseen">
        ${caption}
      </caption>
      <thead>
        <tr>
          ${head.map((one, index) => html`<th scope="col" ${kind(index)}>${one}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${row.map((one, index) => html`<td${kind(index)}>${one}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`
}

/** Terms and what they are; what is null is left out. */
export const facts = (rows: readonly (readonly [term: string, value: Shown])[]): Html =>
  html`<dl class="facts">
    ${rows
      .filter(([, value]) => value !== null)
      .map(
        ([term, value]) =>
          html`<div>
            <dt>${term}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
  </dl>`

export const link = ({ site }: Look, path: string, text: Shown): Html =>
  html`<a href="${site.base}/console${path}">${text}</a>`

/** A button that changes something; for whoever may not, nothing. */
export function action(
  visit: Visit,
  path: string,
  label: string,
  { values = {}, isDangerous = false }: { values?: Record<string, string>; isDangerous?: boolean } = {},
): Html | null {
  if (!mayChange(visit)) return null
  const hidden = Object.entries(values).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`,
  )
  return html`<form method="post" action="${visit.site.base}/console${path}" class="act">${hidden}<button${when(isDangerous, 'data-danger')}>${label}</button></form>`
}

/** What a page says where it has nothing to show. */
export const empty = (text: string): Html => html`<p class="empty">${text}</p>`

/** The part of a page that is fetched anew when the state changes. `every`: seconds between two at least. */
export function live({ site, path }: Look, every: number, content: Shown): Html {
  return html`<div
      class="changes"
      hx-sse:connect="${site.base}/console/changes?every=${every}"
      hx-swap="none"
    ></div>
    <div
      id="fresh"
      hx-get="${site.base}${path}"
      hx-trigger="changed from:body"
      hx-select="#fresh"
      hx-swap="outerMorph"
    >
      ${content}
    </div>`
}
