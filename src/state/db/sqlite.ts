// The only door of better-sqlite3, of which there are two (docs/decisions/0014-two-drivers.md): 13 carries its binaries and needs Node 22, and takes
// an older Node down with it; there 12 is used, which is compiled. Neither is loaded before a state is opened.
import { createRequire } from 'node:module'
import type Sqlite from 'better-sqlite3'

import { TajoError } from '../../lib/errors.ts'

const fromHere = createRequire(import.meta.url)

const majorOf = (version: string): number => Number(version.split('.')[0])
const IS_OLD_NODE = majorOf(process.versions.node) < 22

/**
 * The name of the better-sqlite3 that fits this Node; null where there is none. Who installs tajo has one, chosen by npm for the Node that it
 * ran on; in a checkout of this repository, whose lock can name only one, 12 stands beside 13 under a name of its own.
 */
export function findDriver(): string | null {
  const fits = (name: string): boolean => {
    const version = readVersion(name)
    return version !== null && (!IS_OLD_NODE || majorOf(version) < 13)
  }
  return ['better-sqlite3', 'better-sqlite3-12'].find(fits) ?? null
}

/** Null where it is not installed. */
function readVersion(name: string): string | null {
  try {
    return (fromHere(`${name}/package.json`) as { version: string }).version
  } catch {
    return null
  }
}

let loaded: typeof Sqlite | null = null

/** Throws `package_missing` where none fits. */
function load(): typeof Sqlite {
  const driver = findDriver()
  if (driver === null) throw say('is not installed', INSTALL)
  return fromHere(driver) as typeof Sqlite
}

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
    loaded ??= load()
    return new loaded(file, options) as unknown as Database
  } catch (thrown) {
    throw isUnmade(thrown)
      ? say('was not made for this Node', IS_OLD_NODE ? remake() : INSTALL, thrown)
      : thrown
  }
}

/** Its native part is loaded with the first database that is opened. */
function isUnmade(thrown: unknown): boolean {
  const { code = '', message = '' } = thrown as { code?: string; message?: string }
  return ['ERR_DLOPEN_FAILED', 'MODULE_NOT_FOUND'].includes(code) || message.includes('bindings file')
}

// npm leaves out an optional dependency that could not be compiled, without a word, and rebuilds nothing that is not there.
const WANTED = IS_OLD_NODE ? 'better-sqlite3@12' : 'better-sqlite3@13'
const GLOBALLY = '(with -g where tajo is installed so).'
const COMPILED = `${GLOBALLY} On Node 20 that needs a compiler; on Debian: apt-get install python3 make g++. Node 22 and newer need none.`
const INSTALL = `Install it beside tajo: npm install ${WANTED} ${IS_OLD_NODE ? COMPILED : GLOBALLY}`
const remake = (): string => `Make it: npm rebuild ${findDriver()} ${COMPILED}`

const say = (what: string, hint: string, cause?: unknown): TajoError =>
  new TajoError(
    'package_missing',
    `${WANTED} ${what} (${process.version}, ${process.platform} ${process.arch}).`,
    {
      hint,
      cause,
    },
  )

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
