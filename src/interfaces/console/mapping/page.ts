// connectors.yml: read, written, and what a change of it would do before it does it.
import type { Complaint } from '../../../config/text/document.ts'
import { fingerprint } from '../../../dry-run/report.ts'
import type { PlannedContact } from '../../../dry-run/plan.ts'
import type { ConfigDiff } from '../../../dry-run/what-if.ts'
import { readApproved, readInForce, readPending } from '../../../state/reading/applied-config.ts'
import type { ConsoleDoor } from '../door.ts'
import { type Html, html, type Shown, textarea } from '../html.ts'
import type { Content } from '../layout.ts'
import { action, empty, live, said, table } from '../parts.ts'
import type { Addresses } from '../safety/addresses.ts'
import { mayChange, type Visit } from '../visit.ts'
import { showValue, toPerson } from '../pages/person.ts'
import { assess, type Assessment, type Draft, type Outcome, readShown, weigh } from './draft.ts'

/** What stands beside the editor. */
export interface Effect {
  assessment: Assessment
  /** Null: it has mistakes, or says what is in force. */
  diff: ConfigDiff | null
}

export async function toEffect(door: ConsoleDoor, draft: Draft): Promise<Effect> {
  const assessment = assess(door, draft.text)
  const { config, text } = assessment
  const isNew = config !== null && text !== readInForce(door.store)
  return { assessment, diff: isNew ? await weigh(door, config) : null }
}

/** `draft`: what somebody wrote; null: nothing yet. `outcome`: of an approval that did not come to its end, or did. */
export function mappingPage(
  visit: Visit,
  door: ConsoleDoor,
  addresses: Addresses,
  { draft, effect, outcome }: { draft: Draft | null; effect: Effect | null; outcome: Outcome | null },
): Content {
  const { words } = visit
  const onDisk = readShown(door)
  const isLost = draft !== null && onDisk !== null && draft.base !== onDisk.base
  const shown = isLost || draft === null ? onDisk : draft
  const notice =
    outcome === null && !isLost
      ? null
      : html`<p class="notice ${outcome === 'approved' ? 'good' : 'bad'}" role="alert">
          ${words.of('outcome', isLost ? 'changed_elsewhere' : (outcome ?? ''))}
        </p>`
  const canWrite = mayChange(visit) && door.file.mayWrite()
  const body = [
    notice,
    live(visit, 1, showState(visit, door)),
    isLost
      ? html`<details open>
          <summary>${words.t('mapping.your_draft')}</summary>
          ${textarea(html` class="draft" rows="12" readonly aria-label="${words.t('mapping.your_draft')}"`, draft.text)}
        </details>`
      : null,
    shown === null
      ? empty(words.t('mapping.no_file'))
      : canWrite
        ? html`<div class="beside">
            ${showEditor(visit, shown)}
            <section id="effect" aria-live="polite" aria-labelledby="effect-title">
              ${showEffect(visit, addresses, shown, isLost ? null : effect)}
            </section>
          </div>`
        : showText(visit, door, shown.text),
  ]
  return { title: words.t('nav.mapping'), body, scripts: canWrite ? ['editor.js'] : [] }
}

/** Whether what stands on the disk is in force. */
function showState(visit: Visit, { store, file }: ConsoleDoor): Shown {
  const { words } = visit
  const text = file.read()
  const pending = readPending(store)
  const path = html`<code>${file.path}</code>`
  if (text === null) return html`<p>${path} ${words.t('mapping.no_file')}</p>`
  const sha256 = fingerprint(text)
  if (text === readInForce(store)) return html`<p>${path} ${words.t('mapping.in_force')}</p>`
  if (readApproved(store) === sha256 || pending?.sha256 !== sha256)
    return html`<p>${path} ${words.t('mapping.looked_at')}</p>`
  const reasons = html`<ul>
    ${pending.reasons.map((one) => html`<li>${said(one)}</li>`)}
  </ul>`
  if (pending.state === 'faulty')
    return html`<div class="notice bad">
      <p>${path} ${words.t('mapping.faulty')}</p>
      ${reasons}
    </div>`
  return html`<div class="notice wait">
    <p>${path} ${words.t('mapping.waiting')}</p>
    ${reasons}${action(visit, '/mapping/approve-pending', words.t('mapping.approve'), { values: { sha256 } })}
  </div>`
}

const EDITOR_ATTRIBUTES = html` id="text" name="text" rows="24" spellcheck="false" autocapitalize="off"
autocomplete="off" wrap="off" aria-describedby="editor-hint"`

const showEditor = ({ words, site }: Visit, { base, text }: Draft): Html =>
  html`<form
    method="post"
    action="${site.base}/console/mapping"
    class="editor"
    data-editor
    data-site="${site.base}"
  >
    <input type="hidden" name="base" value="${base}" />
    <label for="text">${words.t('mapping.text')}</label>
    <p class="hint" id="editor-hint">${words.t('mapping.hint')}</p>
    ${textarea(EDITOR_ATTRIBUTES, text)}
    <p class="acts">
      <button>${words.t('mapping.weigh')}</button>
      <a href="${site.base}/console/mapping" class="button">${words.t('mapping.discard')}</a>
    </p>
  </form>`

/** For whoever may not write: each line has an address. */
const showText = ({ words }: Visit, { file }: ConsoleDoor, text: string): Html =>
  html`<p class="hint">${words.t(file.mayWrite() ? 'mapping.viewer' : 'mapping.read_only')}</p>
    <pre class="text" tabindex="0" role="region" aria-label="${words.t('mapping.text')}">
${text
        .replace(/\n$/, '')
        .split('\n')
        .map((line, index) => html`<span id="L${index + 1}" class="row">${line}</span>`)}</pre>`

/** While somebody writes, and it would take long. */
export const showManyToWeigh = ({ words }: Visit): Html =>
  html`<h2 id="effect-title">${words.t('effect.title')}</h2>
    <p>${words.t('effect.many')}</p>`

/** `effect`: null: not asked for yet. */
export function showEffect(visit: Visit, addresses: Addresses, draft: Draft, effect: Effect | null): Html {
  const { words, site } = visit
  const title = html`<h2 id="effect-title">${words.t('effect.title')}</h2>`
  if (effect === null)
    return html`${title}
      <p>${words.t('effect.ask')}</p>`
  const { assessment, diff } = effect
  const complaints = showComplaints(visit, assessment)
  if (diff === null)
    return html`${title}${complaints}${assessment.config === null ? null : html`<p>${words.t('effect.same')}</p>`}`
  return html`${title}${complaints}${showDiff(visit, addresses, diff)}
    <form method="post" action="${site.base}/console/mapping/approve" class="acts">
      <input type="hidden" name="base" value="${draft.base}" /><input
        type="hidden"
        name="seen"
        value="${assessment.sha256}"
      />
      ${textarea(html` name="text" hidden`, draft.text)}
      <button>${words.t('effect.approve')}</button>
    </form>`
}

function showComplaints({ words }: Visit, { complaints, warnings }: Assessment): Html | null {
  const list = (all: readonly Complaint[], key: 'effect.mistakes' | 'effect.warnings', mood: string) =>
    all.length === 0
      ? null
      : html`<div class="notice ${mood}">
          <p>${words.t(key, { count: all.length })}</p>
          <ul>
            ${all.map(
              (one) =>
                html`<li>
                  <a href="#L${one.line}" data-line="${one.line}" data-column="${one.column}"
                    >${words.t('line', { line: one.line })}</a
                  >
                  ${said(one.message)}
                </li>`,
            )}
          </ul>
        </div>`
  return html`${list(complaints, 'effect.mistakes', 'bad')}${list(warnings, 'effect.warnings', 'wait')}`
}

function showDiff(visit: Visit, addresses: Addresses, diff: ConfigDiff): Html {
  const { words } = visit
  const { change, same } = diff.contacts
  const none = words.t('effect.no_line')
  const rows: Shown[][] = [
    ...Object.entries(diff.attributes)
      .toSorted((a, b) => b[1] - a[1])
      .map(([name, count]) => [name, words.t('effect.attribute', { count })]),
    ...Object.entries(diff.lists).map(([id, { name, add, remove }]) => [
      name === '' ? id : `${name} (${id})`,
      words.t('effect.list', { add, remove }),
    ]),
    ...diff.events.map((one) => [
      one.occurrence,
      words.t('effect.event', { before: one.before ?? none, after: one.after ?? none }),
    ]),
    ...diff.campaigns.map((one) => [
      one.name,
      `${words.of('effect.campaign', one.change)}${one.waiting > 0 ? ` ${words.t('effect.waiting', { count: one.waiting })}` : ''}`,
    ]),
  ]
  return html`<p class="lead">${words.t('effect.contacts', { count: change, same })}</p>
    ${
      diff.warnings.length === 0
        ? null
        : html`<ul>
            ${diff.warnings.map((one) => html`<li>${said(one)}</li>`)}
          </ul>`
    }
    ${rows.length === 0 ? null : table(words.t('effect.title'), [words.t('effect.what'), words.t('effect.how')], rows)}
    ${
      diff.samples.length === 0
        ? null
        : html`<h3>${words.t('effect.samples')}</h3>
            <ul class="samples">
              ${diff.samples.map((one) => showSample(visit, addresses, one))}
            </ul>`
    }
    ${change > diff.samples.length ? html`<p>${words.t('more', { count: change - diff.samples.length })}</p>` : null}`
}

function showSample(visit: Visit, addresses: Addresses, { email, attributes, lists }: PlannedContact): Html {
  const { words } = visit
  return html`<li>
    ${toPerson(visit, addresses, email)}
    <ul>
      ${Object.entries(attributes).map(
        ([name, { old, new: next }]) =>
          html`<li>${name}: <del>${showValue(visit, old)}</del> → <ins>${showValue(visit, next)}</ins></li>`,
      )}${lists.add.map((id) => html`<li>${words.t('effect.into', { list: id })}</li>`)}${lists.remove.map(
        (id) => html`<li>${words.t('effect.out_of', { list: id })}</li>`,
      )}
    </ul>
  </li>`
}
