// What took how long within what, for whoever follows a run from outside. A port: without somebody who asks for it nothing is done.

export type SpanValues = Readonly<Record<string, string | number | boolean>>

export interface Span {
  /** Known only later. Never an address, an id of a person or a text that somebody else wrote. */
  note(values: SpanValues): void
}

export interface Trace {
  /** What `action` does is within the span, whatever it waits for; what it throws is noted and goes on. `kind`: `client` asks somebody else. */
  span<T>(
    name: string,
    values: SpanValues,
    kind: 'internal' | 'client',
    action: (span: Span) => Promise<T>,
  ): Promise<T>
}

const NO_SPAN: Span = { note: () => undefined }

export const noTrace: Trace = { span: (_name, _values, _kind, action) => action(NO_SPAN) }
