// The runs, for `tajo status`; and a few facts that have no table of their own.
import { fromMs, type Instant } from '../../model/time.ts'
import { Table } from '../db/table.ts'

export interface Run {
  id: number
  source: string
  started_at: Instant
  ended_at: Instant | null
  result: 'done' | 'failed' | 'stopped' | null
  error: string | null
  report: string | null
}

/** What the runs of a connector did on a day of UTC. */
export interface RunDay {
  source: string
  day: string
  runs: number
  failed: number
  seconds: number
  /** Records. */
  read: number
  /** Written. */
  contacts: number
  /** Sent. */
  events: number
}

/** What is counted of a report. */
export interface RunCounts {
  read: Readonly<Record<string, number>>
  contacts: { written: number }
  events: { sent: number }
}

/** Enough to look back on, few enough to stay small: at one run in five minutes some three days. */
const KEPT_RUNS = 1_000
const KEPT_DAYS = fromMs(400 * 24 * 3_600_000)

export class Runs extends Table {
  readonly #start = this.database.prepare('INSERT INTO runs (source, started_at, settled) VALUES (?, ?, ?)')

  readonly #prune = this.database.prepare(`DELETE FROM runs WHERE id <= ? - ${KEPT_RUNS}`)

  /** `settled`: it reads again what may have changed without moving its date. */
  start(source: string, now: Instant, settled: boolean): number {
    const id = Number(this.#start.run(source, now, Number(settled)).lastInsertRowid)
    this.#prune.run(id)
    return id
  }

  readonly #end = this.database.prepare(
    'UPDATE runs SET ended_at = ?, result = ?, error = ?, report = ? WHERE id = ?',
  )

  readonly #addDay = this.database.prepare(`
    INSERT INTO run_days (source, day, runs, failed, seconds, read, contacts, events)
    SELECT source, date(@now / 1000000, 'unixepoch'), 1, @failed, (@now - started_at) / 1e6, @read, @contacts, @events
    FROM runs WHERE id = @id
    ON CONFLICT (source, day) DO UPDATE SET runs = runs + 1, failed = failed + excluded.failed,
      seconds = seconds + excluded.seconds, read = read + excluded.read, contacts = contacts + excluded.contacts,
      events = events + excluded.events`)

  readonly #pruneDays = this.database.prepare(
    "DELETE FROM run_days WHERE day < date(? / 1000000, 'unixepoch')",
  )

  /** Called in a transaction. */
  end(
    id: number,
    now: Instant,
    result: NonNullable<Run['result']>,
    error: string | null,
    report: RunCounts,
  ): void {
    this.#end.run(now, result, error, JSON.stringify(report), id)
    const read = Object.values(report.read).reduce((sum, count) => sum + count, 0)
    const failed = Number(result === 'failed')
    this.#addDay.run({ id, now, failed, read, contacts: report.contacts.written, events: report.events.sent })
    this.#pruneDays.run(now - KEPT_DAYS)
  }

  readonly #page = this.database.prepare<[string, number, number], Run>(
    'SELECT * FROM runs WHERE source = ? AND id < ? ORDER BY id DESC LIMIT ?',
  )

  /** The newest first, before the run `before`. */
  page(source: string, before: number, limit: number): Run[] {
    return this.#page.all(source, before, limit)
  }

  readonly #days = this.database.prepare<[string, string], RunDay>(
    'SELECT * FROM run_days WHERE source = ? AND day >= ? ORDER BY day',
  )

  /** `since`: `2026-11-24`. */
  days(source: string, since: string): RunDay[] {
    return this.#days.all(source, since)
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

  readonly #lastDelivered = this.database.prepare<[string, number, number], { started_at: Instant }>(`
    SELECT started_at FROM runs WHERE source = ? AND result = 'done' AND ended_at >= ? AND settled >= ?
      AND json_extract(report, '$.undelivered.contacts') + json_extract(report, '$.undelivered.events') = 0
    ORDER BY id DESC LIMIT 1`)

  /** When the last run began that ended since then and left nothing undelivered; with `settled`, of those that read late changes, too. */
  deliveredAsOf(source: string, since: Instant, settled: boolean): Instant | null {
    return this.#lastDelivered.get(source, since, Number(settled))?.started_at ?? null
  }
}
