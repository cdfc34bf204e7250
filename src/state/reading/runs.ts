// The runs, for `tajo status`; and a few facts that have no table of their own.
import type { Instant } from '../../model/time.ts'
import { Table } from '../db/table.ts'

export interface Run {
  source: string
  started_at: Instant
  ended_at: Instant | null
  result: 'done' | 'failed' | 'stopped' | null
  error: string | null
  report: string | null
}

/** Enough to look back on, few enough to stay small: at one run in five minutes some three days. */
const KEPT_RUNS = 1_000

export class Runs extends Table {
  readonly #start = this.database.prepare('INSERT INTO runs (source, started_at) VALUES (?, ?)')

  readonly #prune = this.database.prepare(`DELETE FROM runs WHERE id <= ? - ${KEPT_RUNS}`)

  start(source: string, now: Instant): number {
    const id = Number(this.#start.run(source, now).lastInsertRowid)
    this.#prune.run(id)
    return id
  }

  readonly #end = this.database.prepare(
    'UPDATE runs SET ended_at = ?, result = ?, error = ?, report = ? WHERE id = ?',
  )

  end(
    id: number,
    now: Instant,
    result: NonNullable<Run['result']>,
    error: string | null,
    report: unknown,
  ): void {
    this.#end.run(now, result, error, JSON.stringify(report), id)
  }

  readonly #last = this.database.prepare<[string], Run>(
    'SELECT * FROM runs WHERE source = ? AND ended_at IS NOT NULL ORDER BY id DESC LIMIT 1',
  )

  last(source: string): Run | null {
    return this.#last.get(source) ?? null
  }

  readonly #lastDone = this.database.prepare<[string], Run>(
    "SELECT * FROM runs WHERE source = ? AND result = 'done' ORDER BY id DESC LIMIT 1",
  )

  lastDone(source: string): Run | null {
    return this.#lastDone.get(source) ?? null
  }

  readonly #lastDelivered = this.database.prepare<[string], { started_at: Instant }>(`
    SELECT started_at FROM runs WHERE source = ? AND result = 'done'
      AND json_extract(report, '$.undelivered.contacts') + json_extract(report, '$.undelivered.events') = 0
    ORDER BY id DESC LIMIT 1`)

  /** Everything that had changed by then has been read and delivered; null: nothing is known of that. */
  deliveredAsOf(source: string): Instant | null {
    return this.#lastDelivered.get(source)?.started_at ?? null
  }
}
