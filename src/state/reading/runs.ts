// The runs, for `tajo status`; and a few facts that have no table of their own.
import type { Instant } from '../../model/time.ts'
import type { Database } from '../db/sqlite.ts'

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

export function createRuns(database: Database) {
  const start = database.prepare('INSERT INTO runs (source, started_at) VALUES (?, ?)')
  const end = database.prepare('UPDATE runs SET ended_at = ?, result = ?, error = ?, report = ? WHERE id = ?')
  const prune = database.prepare(`DELETE FROM runs WHERE id <= ? - ${KEPT_RUNS}`)
  const last = database.prepare<[string], Run>(
    'SELECT * FROM runs WHERE source = ? AND ended_at IS NOT NULL ORDER BY id DESC LIMIT 1',
  )
  const lastDone = database.prepare<[string], Run>(
    "SELECT * FROM runs WHERE source = ? AND result = 'done' ORDER BY id DESC LIMIT 1",
  )

  return {
    start(source: string, now: Instant): number {
      const id = Number(start.run(source, now).lastInsertRowid)
      prune.run(id)
      return id
    },
    end(
      id: number,
      now: Instant,
      result: NonNullable<Run['result']>,
      error: string | null,
      report: unknown,
    ): void {
      end.run(now, result, error, JSON.stringify(report), id)
    },
    last: (source: string): Run | null => last.get(source) ?? null,
    lastDone: (source: string): Run | null => lastDone.get(source) ?? null,
  }
}
