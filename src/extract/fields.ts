// Fields of the vendor's that no column has: each is told once, when it first comes after a table was read.
import type { Row } from '../sources/tables.ts'
import type { TableCursor } from './destination.ts'

export class Fields {
  readonly #known: Set<string>
  /** While a table is read for the first time every field is new, and none of them news. */
  readonly #isNews: boolean
  readonly news = new Set<string>()

  constructor({ fields, watermark }: TableCursor) {
    this.#known = new Set(fields)
    this.#isNews = fields !== undefined && watermark !== null
  }

  see({ extra }: Row): void {
    for (const name of extra) {
      if (this.#known.has(name)) continue
      this.#known.add(name)
      if (this.#isNews) this.news.add(name)
    }
  }

  /** The cursor, with what is known now. */
  note(cursor: TableCursor): TableCursor {
    return this.#known.size === 0 ? cursor : { ...cursor, fields: [...this.#known].toSorted() }
  }
}
