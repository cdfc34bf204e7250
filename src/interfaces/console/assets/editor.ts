// The editor of connectors.yml: a textarea that is made into one. What is wrong, what may stand here and what a key means is asked of tajo.
import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  type CompletionContext,
  completionKeymap,
} from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { yaml } from '@codemirror/lang-yaml'
import { bracketMatching, HighlightStyle, indentUnit, syntaxHighlighting } from '@codemirror/language'
import { type Diagnostic, lintGutter, linter, lintKeymap, nextDiagnostic } from '@codemirror/lint'
import { EditorState } from '@codemirror/state'
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  hoverTooltip,
  keymap,
  lineNumbers,
  tooltips,
} from '@codemirror/view'
import { tags } from '@lezer/highlight'

const CHECK_AFTER_MS = 400
const WEIGH_AFTER_MS = 900

interface Answer {
  from: number
  options: { label: string; detail: string; info: string; apply: string }[]
}

const form = document.querySelector<HTMLFormElement>('form[data-editor]')!
const textarea = form.querySelector<HTMLTextAreaElement>('textarea[name=text]')!
const site = form.dataset['site']!

const send = (path: string, values: Record<string, string>): Promise<Response> =>
  fetch(`${site}/console${path}`, { method: 'POST', body: new URLSearchParams(values) })

async function ask<T>(question: string, text: string, offset = 0): Promise<T | null> {
  try {
    const answer = await send('/mapping/editor', { ask: question, text, offset: String(offset) })
    return answer.ok ? ((await answer.json()) as T) : null
  } catch {
    // The page says that the connection is lost; the next key asks again.
    return null
  }
}

async function complete({ state, pos, explicit }: CompletionContext) {
  const before = state.doc.lineAt(pos).text.slice(0, pos - state.doc.lineAt(pos).from)
  if (!explicit && !/[\w.]$|:\s$/.test(before)) return null
  const answer = await ask<Answer>('complete', state.doc.toString(), pos)
  return answer === null
    ? null
    : {
        from: answer.from,
        validFor: /^[\w./-]*$/,
        options: answer.options.map(({ label, detail, info, apply }) => ({
          label,
          detail,
          apply,
          ...(info === '' ? {} : { info }),
        })),
      }
}

const meaning = hoverTooltip(async (view, pos) => {
  const answer = await ask<{ from: number; to: number; text: string }>(
    'describe',
    view.state.doc.toString(),
    pos,
  )
  if (answer === null) return null
  return {
    pos: answer.from,
    end: answer.to,
    above: true,
    create() {
      const dom = document.createElement('div')
      dom.className = 'meaning'
      dom.lang = 'en'
      dom.textContent = answer.text
      return { dom }
    },
  }
})

let weighing: ReturnType<typeof setTimeout> | undefined
let weighed = textarea.value

/** What it would change, beside it, as soon as somebody stops writing. */
function weighSoon(text: string): void {
  clearTimeout(weighing)
  if (text === weighed) return
  weighing = setTimeout(() => {
    const effect = document.querySelector('#effect')!
    effect.setAttribute('aria-busy', 'true')
    void send('/mapping?fragment', {
      base: form.querySelector<HTMLInputElement>('[name=base]')!.value,
      text,
      soon: '1',
    })
      .then(async (answer) => {
        // Somebody has written on meanwhile.
        if (!answer.ok || text !== textarea.value) return
        weighed = text
        // Made by tajo, where everything that is put in is escaped.
        effect.innerHTML = await answer.text()
      })
      .catch(() => undefined)
      .finally(() => effect.removeAttribute('aria-busy'))
  }, WEIGH_AFTER_MS)
}

const check = linter(
  async ({ state }): Promise<Diagnostic[]> => {
    const text = state.doc.toString()
    const found = await ask<Diagnostic[]>('check', text)
    if (found === null) {
      const message = document.body.dataset['lost']!
      return [{ from: 0, to: Math.min(1, state.doc.length), severity: 'warning', message }]
    }
    weighSoon(text)
    return found.filter(({ to }) => to <= state.doc.length)
  },
  { delay: CHECK_AFTER_MS },
)

const look = EditorView.theme({
  '&': { color: 'var(--ink)', backgroundColor: 'var(--paper)' },
  '.cm-scroller': {
    maxHeight: '70vh',
    overflow: 'auto',
    fontFamily: "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace",
    fontSize: '0.9rem',
  },
  '.cm-gutters': { color: 'var(--faint)', backgroundColor: 'var(--card)', borderColor: 'var(--edge)' },
  '.cm-content': { caretColor: 'var(--ink)' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '.cm-activeLine': { backgroundColor: 'color-mix(in srgb, var(--accent) 8%, transparent)' },
  '&.cm-focused .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'color-mix(in srgb, var(--accent) 25%, transparent) !important',
  },
  '.cm-tooltip': { color: 'var(--ink)', backgroundColor: 'var(--card)', borderColor: 'var(--edge)' },
  '.cm-tooltip .meaning, .cm-tooltip .cm-completionInfo': { maxWidth: '28rem', padding: '0.4rem 0.6rem' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': {
    color: 'var(--on-accent)',
    backgroundColor: 'var(--accent)',
  },
  '.cm-completionDetail': { color: 'inherit', opacity: '0.85' },
})

/** In the colours of the page, which hold on light and on dark. */
const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--accent)' },
  { tag: [tags.string, tags.content], color: 'var(--ink)' },
  { tag: [tags.comment, tags.lineComment], color: 'var(--faint)', fontStyle: 'italic' },
  { tag: [tags.number, tags.bool, tags.keyword, tags.labelName], color: 'var(--wait)' },
  { tag: [tags.punctuation, tags.separator, tags.squareBracket, tags.brace], color: 'var(--faint)' },
])

const host = document.createElement('div')
host.className = 'host'
textarea.hidden = true
textarea.after(host)
// Styles that a script makes are let in here, and nowhere else on a page of this policy.
const root = host.attachShadow({ mode: 'open' })

const view = new EditorView({
  parent: root,
  root,
  state: EditorState.create({
    doc: textarea.value,
    extensions: [
      lineNumbers(),
      history(),
      drawSelection(),
      highlightActiveLine(),
      bracketMatching(),
      closeBrackets(),
      yaml(),
      indentUnit.of('  '),
      syntaxHighlighting(colours),
      autocompletion({ override: [complete] }),
      meaning,
      check,
      lintGutter(),
      tooltips({ position: 'absolute' }),
      look,
      // Tab leaves the editor: nobody is caught in it.
      keymap.of([
        ...closeBracketsKeymap,
        ...completionKeymap,
        ...lintKeymap,
        ...historyKeymap,
        ...defaultKeymap,
      ]),
      EditorView.contentAttributes.of({
        tabindex: '0',
        'aria-label': [textarea.labels[0]?.textContent, form.querySelector('#editor-hint')?.textContent].join(
          ': ',
        ),
      }),
      EditorView.updateListener.of(({ docChanged, state }) => {
        if (docChanged) textarea.value = state.doc.toString()
      }),
    ],
  }),
})
textarea.value = view.state.doc.toString()

function goTo(line: number, column = 1): void {
  if (line < 1 || line > view.state.doc.lines) return
  const { from, to } = view.state.doc.line(line)
  view.dispatch({
    selection: { anchor: Math.min(to, from + column - 1) },
    effects: EditorView.scrollIntoView(from, { y: 'center' }),
  })
  view.focus()
}

const goToHash = (): void => {
  const line = /^#L(\d+)$/.exec(location.hash)?.[1]
  if (line !== undefined) goTo(Number(line))
}
window.addEventListener('hashchange', goToHash)
goToHash()
document.addEventListener('click', (event) => {
  const link = (event.target as Element).closest<HTMLElement>('a[data-line]')
  if (link === null) return
  event.preventDefault()
  goTo(Number(link.dataset['line']), Number(link.dataset['column']))
})
document.addEventListener('keydown', (event) => {
  if (event.key !== 'F8' || view.hasFocus) return
  event.preventDefault()
  nextDiagnostic(view)
  view.focus()
})
