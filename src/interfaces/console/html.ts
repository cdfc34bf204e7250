// HTML as a tagged template: whatever is put in is escaped, in a text and between quotes alike, unless it is HTML already.

/** Markup that may be sent as it stands. Only `html` and what is written here makes it. */
export class Html {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  toString(): string {
    return this.#text
  }
}

export type Shown = Html | string | number | null | undefined | false | readonly Shown[]

const ESCAPED: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

const escape = (text: string): string => text.replace(/[&<>"']/g, (sign) => ESCAPED[sign]!)

function render(value: Shown): string {
  if (value === null || value === undefined || value === false) return ''
  if (value instanceof Html) return value.toString()
  if (typeof value === 'object') return value.map((one) => render(one)).join('')
  return escape(String(value))
}

/** Attributes stand in double quotes. */
export function html(parts: TemplateStringsArray, ...values: readonly Shown[]): Html {
  return new Html(parts.reduce((text, part, index) => text + render(values[index - 1]) + part))
}

/** An attribute that is there or is not: `<option${when(isChosen, 'selected')}>`. */
export const when = (is: boolean, attribute: string): Html => new Html(is ? ` ${escape(attribute)}` : '')

/** A browser leaves out the line break that a text begins with, and no other: so one is put before it. `attributes`: with a space first. */
export const textarea = (attributes: Html, text: string): Html =>
  new Html(`<textarea${attributes.toString()}>\n${escape(text)}</textarea>`)
