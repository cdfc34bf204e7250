// A value that must not be seen: it prints as [secret] wherever it ends up, and is opened in one place only,
// where a header is built.
import { inspect } from 'node:util'

export class Secret {
  readonly #read: () => string

  /** A function where the value may be replaced while the process runs. */
  constructor(value: string | (() => string)) {
    this.#read = typeof value === 'string' ? () => value : value
  }

  /** The value itself, as of now; call it only where it leaves for the API it belongs to. */
  reveal(): string {
    return this.#read()
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }

  [inspect.custom](): string {
    return '[secret]'
  }
}
