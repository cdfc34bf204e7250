// The only import of better-sqlite3.
import Sqlite from 'better-sqlite3'

import { TajoError } from '../../lib/errors.ts'

/** Of better-sqlite3 what the state uses; its own types would be needed by everybody who compiles against the SDK. */
export interface Statement<Params extends unknown[] = unknown[], Row = unknown> {
  run(...params: Params): { changes: number; lastInsertRowid: number | bigint }
  get(...params: Params): Row | undefined
  all(...params: Params): Row[]
  iterate(...params: Params): IterableIterator<Row>
  pluck(): Statement<Params>
}

export interface Database {
  /** Its file. */
  readonly name: string
  readonly open: boolean
  prepare<Params extends unknown[] | object = unknown[], Row = unknown>(
    source: string,
  ): Params extends unknown[] ? Statement<Params, Row> : Statement<[Params], Row>
  exec(source: string): unknown
  transaction<Result>(action: () => Result): (() => Result) & { immediate(): Result }
  close(): unknown
}

/**
 * From Node 24.19 on, better-sqlite3 12 aborts the process when a database or a statement is garbage collected while no script runs
 * (WiseLibs/better-sqlite3#1515): there they are kept for the life of the process. Elsewhere a closed one leaves nothing behind
 * (docs/decisions/0006-kept-statements.md). They stand on globalThis so that a test environment, whose own globals come and go, can
 * keep them longer.
 */
const KEPT = Symbol.for('tajo.sqlite.kept')
const kept = ((globalThis as { [KEPT]?: unknown[] })[KEPT] ??= [])
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const MUST_KEEP = major > 24 || (major === 24 && minor >= 19)

function keep<T>(made: T): T {
  if (MUST_KEEP) kept.push(made)
  return made
}

export function open(file: string, options: { readonly?: boolean; timeout?: number } = {}): Database {
  const database = keep(make(file, options))
  const prepare = database.prepare.bind(database)
  return Object.assign(database, {
    prepare: (source: string) => prepareLazily(() => keep(prepare(source))),
  })
}

/** Throws `package_missing` where its native part is not there, or was made for another Node. */
function make(file: string, options: { readonly?: boolean; timeout?: number }): Database {
  try {
    return new Sqlite(file, options) as unknown as Database
  } catch (thrown) {
    const { code, message = '' } = thrown as { code?: string; message?: string }
    if (code !== 'ERR_DLOPEN_FAILED' && !message.includes('bindings file')) throw thrown
    throw new TajoError(
      'package_missing',
      `better-sqlite3 was not made for this Node (${process.version}, ${process.platform} ${process.arch}).`,
      {
        hint: 'Make it: npm rebuild better-sqlite3 (with -g where tajo is installed so). That needs a compiler; on Debian: apt-get install python3 make g++',
        cause: thrown,
      },
    )
  }
}

/** A command uses a few of the state's statements: each is compiled when it is first called. */
function prepareLazily(prepare: () => Statement): Statement {
  let statement: Statement | null = null
  const get = (): Statement => (statement ??= prepare())
  const lazy = {
    run: (...args: unknown[]) => get().run(...args),
    get: (...args: unknown[]) => get().get(...args),
    all: (...args: unknown[]) => get().all(...args),
    iterate: (...args: unknown[]) => get().iterate(...args),
    pluck: () => get().pluck(),
  }
  return lazy
}

/** `database.pragma` makes a statement that nobody keeps. */
export function readPragma(database: Database, name: string): unknown {
  return database.prepare(`PRAGMA ${name}`).pluck().get()
}

/**
 * The code of what SQLite throws; null for anything else. Told by the code and not by the class: the addon throws the class of whoever
 * loaded it first in a process, and a test runner loads it more than once.
 */
function codeOf(thrown: unknown): string | null {
  const { code } = (thrown ?? {}) as { code?: unknown }
  return typeof code === 'string' && code.startsWith('SQLITE_') ? code : null
}

/** True for what SQLite throws: after such an error nothing is sent any more (reliability.md § 0.3). */
export function isDatabaseError(thrown: unknown): boolean {
  return codeOf(thrown) !== null
}

/** True where SQLite found no room to write, or an error says so of it: nothing is damaged, and it is worth another try. */
export function isDiskFull(thrown: unknown): boolean {
  const { cause } = (thrown ?? {}) as { cause?: unknown }
  return (codeOf(thrown) ?? codeOf(cause)) === 'SQLITE_FULL'
}
