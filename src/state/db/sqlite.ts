// The only door of better-sqlite3, of which there are two (docs/decisions/0014-two-drivers.md): 13 carries its binaries and needs Node 22, and takes
// an older Node down with it; there 12 is used, which is compiled. Neither is loaded before a state is opened.
import { createRequire } from 'node:module'
import type Sqlite from 'better-sqlite3'

import { TajoError } from '../../lib/errors.ts'

const [major = 0] = process.versions.node.split('.').map(Number)
/** By its name in package.json. */
export const DRIVER = major >= 22 ? 'better-sqlite3' : 'better-sqlite3-12'

const fromHere = createRequire(import.meta.url)
let loaded: typeof Sqlite | null = null
const load = (): typeof Sqlite => (loaded ??= fromHere(DRIVER) as typeof Sqlite)

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

export function open(file: string, options: { readonly?: boolean; timeout?: number } = {}): Database {
  const database = make(file, options)
  const prepare = database.prepare.bind(database)
  return Object.assign(database, {
    prepare: (source: string) => prepareLazily(() => prepare(source)),
  })
}

/** Throws `package_missing` where it is not there, or was made for another Node. */
function make(file: string, options: { readonly?: boolean; timeout?: number }): Database {
  try {
    return new (load())(file, options) as unknown as Database
  } catch (thrown) {
    throw explain(thrown)
  }
}

const COMPILER = 'a compiler; on Debian: apt-get install python3 make g++'

/** What loading threw, and what mends it; anything else as it is. */
function explain(thrown: unknown): unknown {
  const { code = '', message = '' } = thrown as { code?: string; message?: string }
  const say = (what: string, hint: string): TajoError =>
    new TajoError(
      'package_missing',
      `${DRIVER} ${what} (${process.version}, ${process.platform} ${process.arch}).`,
      {
        hint,
        cause: thrown,
      },
    )
  // npm leaves out an optional dependency that could not be compiled, without a word, and rebuilds nothing that is not there.
  if (code === 'MODULE_NOT_FOUND' && message.includes(`'${DRIVER}'`))
    return say(
      'is not installed',
      `Install tajo once more, with all that belongs to it: npm install --include=optional @tajo/sdk (with -g where tajo is installed so).${
        major >= 22 ? '' : ` On Node 20 that needs ${COMPILER}. Node 22 and newer need none.`
      }`,
    )
  if (!['ERR_DLOPEN_FAILED', 'MODULE_NOT_FOUND'].includes(code) && !message.includes('bindings file'))
    return thrown
  return say(
    'was not made for this Node',
    major >= 22
      ? 'Install it beside tajo: npm install better-sqlite3@13 (with -g where tajo is installed so)'
      : `Make it: npm rebuild ${DRIVER} (with -g where tajo is installed so). That needs ${COMPILER}. Node 22 and newer need none.`,
  )
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
