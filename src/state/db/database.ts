// Opens the state so that a committed transaction survives a power cut, migrates it,
// and lets only one process write. Reasons: reliability.md § 0.2, § 0.3 and § 3.
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'

import { TajoError } from '../../lib/errors.ts'
import { MIGRATIONS } from './migrations.ts'
import { type Database, isDatabaseError, isDiskFull, open, readPragma, type Statement } from './sqlite.ts'

export const DATABASE_FILE = 'tajo.db'
/** Beside the database (state/db/epoch.ts). */
export const EPOCH_FILE = 'tajo.epoch'
const LOCK_FILE = 'tajo.lock'
const FULL = 2

/** For the simulation: a process can die before any statement and any commit. */
export interface Watch {
  /** Called before each of them; what it throws keeps it from happening. `change`: a statement that writes. */
  step(what: 'change' | 'other'): void
  /** Given the way to close the files as the end of a process does. */
  opened(abandon: () => void): void
}

function watchOver(database: Database, watch: Watch): void {
  const prepare = database.prepare.bind(database)
  const transaction = database.transaction.bind(database)
  Object.assign(database, {
    prepare(source: string): Statement {
      const statement = prepare(source)
      for (const name of ['run', 'get', 'all']) {
        const action: CallableFunction = Reflect.get(statement, name)
        Object.assign(statement, {
          [name]: (...args: unknown[]): unknown => {
            watch.step(name === 'run' ? 'change' : 'other')
            return Reflect.apply(action, statement, args)
          },
        })
      }
      return statement
    },
    transaction: (action: () => unknown) =>
      transaction(() => {
        const result = action()
        watch.step('other')
        return result
      }),
  })
}

/** `scratch`: thrown away afterwards, so no power cut need be survived. */
export type Durability = 'durable' | 'scratch'

/** Opens the state for writing and holds its lock until `close`. Throws `state_locked` or `state_unusable`. */
export function openDatabase(
  stateDir: string,
  watch?: Watch,
  durability: Durability = 'durable',
): { database: Database; close(): void } {
  const releaseLock = lock(stateDir)
  try {
    guard(stateDir, () => claimFile(stateDir))
    const database = guard(stateDir, () => open(join(stateDir, DATABASE_FILE)))
    guard(stateDir, () => {
      // Where the process is only played, nobody reads beside it: a sixth of SQLite's time goes into saying so.
      if (watch !== undefined) database.exec('PRAGMA locking_mode = EXCLUSIVE')
      database.exec('PRAGMA journal_mode = WAL')
      database.exec('PRAGMA synchronous = FULL')
      database.exec('PRAGMA foreign_keys = ON')
      database.exec('PRAGMA trusted_schema = OFF')
      database.exec('PRAGMA cell_size_check = ON')
      database.exec('PRAGMA secure_delete = ON')
      database.exec('PRAGMA temp_store = MEMORY')
      database.exec('PRAGMA journal_size_limit = 67108864')
      // Hot pages are copied back less often; 16 MB of log at most between two copies.
      database.exec('PRAGMA wal_autocheckpoint = 4000')
      database.exec('PRAGMA cache_size = -8000')
      if (durability === 'scratch') {
        database.exec('PRAGMA synchronous = OFF')
        // Every contact may be looked at, once: more room than a daemon should take.
        database.exec('PRAGMA cache_size = -131072')
        migrate(database)
        return
      }
      checkIntegrity(database, stateDir)
      backUpBeforeMigration(database, stateDir)
      migrate(database)
      assertDurable(database)
    })
    if (watch !== undefined) {
      watch.opened(() => {
        database.close()
        releaseLock()
      })
      watchOver(database, watch)
    }
    return {
      database,
      close() {
        watch?.step('other')
        try {
          truncateLog(database)
        } catch (thrown) {
          // What stands in the log alone is read from there by whoever opens the state next.
          if (!isDiskFull(thrown)) throw thrown
        } finally {
          database.close()
          releaseLock()
        }
      },
    }
  } catch (error) {
    releaseLock()
    throw error
  }
}

/**
 * For its owner alone, whatever the umask and the directory say; SQLite gives its log the mode of the database. Throws
 * `state_unusable` for a database that was emptied: it would be taken for a first start.
 */
function claimFile(stateDir: string): void {
  const file = join(stateDir, DATABASE_FILE)
  const isThere = existsSync(file)
  if (isThere && statSync(file).size === 0 && existsSync(join(stateDir, EPOCH_FILE)))
    throw new TajoError('state_unusable', `${file} is empty, and it was not.`, { hint: RESTORE })
  if (!isThere) closeSync(openSync(file, 'a', 0o600))
  for (const one of [file, `${file}-wal`, `${file}-shm`]) if (existsSync(one)) chmodSync(one, 0o600)
}

/** A second pair of eyes on the state while another process may write; null where there is no state yet. */
export function openDatabaseReadOnly(stateDir: string): Database | null {
  const file = join(stateDir, DATABASE_FILE)
  return existsSync(file) ? guard(stateDir, () => open(file, { readonly: true })) : null
}

/**
 * For a row that a command changes while the daemon may work: its own short transactions, beside the one process that reads
 * and sends. Throws `state_unusable`.
 */
export function openDatabaseBeside(stateDir: string): Database | null {
  const file = join(stateDir, DATABASE_FILE)
  if (!existsSync(file)) return null
  return guard(stateDir, () => {
    const database = open(file, { timeout: 10_000 })
    database.exec('PRAGMA synchronous = FULL')
    database.exec('PRAGMA secure_delete = ON')
    if (readPragma(database, 'user_version') !== MIGRATIONS.length) {
      database.close()
      throw new TajoError('state_unusable', 'The state was written by another version of tajo.', {
        hint: 'Run it once with this version: tajo start',
      })
    }
    return database
  })
}

/** Copies a database as one moment of it, while others may write; the copy knows that it is one. */
export function copyDatabase(database: Database, file: string): void {
  const temporary = `${file}.new`
  rmSync(temporary, { force: true })
  database.prepare('VACUUM INTO ?').run(temporary)
  const copy = open(temporary)
  try {
    copy.exec('PRAGMA journal_mode = DELETE')
    copy.prepare("INSERT INTO meta (key, value) VALUES ('backup', '1') ON CONFLICT DO NOTHING").run()
    const verdict = readPragma(copy, 'integrity_check(1)')
    if (verdict !== 'ok') throw new TajoError('state_unusable', `The copy is damaged: ${String(verdict)}.`)
  } finally {
    copy.close()
  }
  chmodSync(temporary, 0o600)
  renameSync(temporary, file)
}

/** One moment of the database, for a state of its own that is thrown away. */
export function copyForScratch(database: Database, file: string): void {
  database.prepare('VACUUM INTO ?').run(file)
  chmodSync(file, 0o600)
}

/** What stood in the log is in the file, or gone from both. */
export function truncateLog(database: Database): void {
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
}

/** Every complaint of SQLite about the file; empty if it is sound. */
export function checkDatabase(database: Database): string[] {
  try {
    return findComplaints(database)
  } catch (thrown) {
    // So damaged that it can't even be looked through.
    if (!isDatabaseError(thrown)) throw thrown
    return [`${(thrown as Error).message} (${(thrown as { code?: string }).code})`]
  }
}

function findComplaints(database: Database): string[] {
  const complaints = (
    database.prepare('PRAGMA integrity_check(20)').all() as { integrity_check: string }[]
  ).map((row) => row.integrity_check)
  const references = database.prepare('PRAGMA foreign_key_check').all()
  return [
    ...complaints.filter((one) => one !== 'ok'),
    ...references.map((row) => `broken reference: ${JSON.stringify(row)}`),
  ]
}

/** True while some process holds the state. */
export function isLocked(stateDir: string): boolean {
  if (!existsSync(join(stateDir, LOCK_FILE))) return false
  try {
    lock(stateDir)()
    return false
  } catch (thrown) {
    return thrown instanceof TajoError && thrown.code === 'state_locked'
  }
}

/**
 * An open exclusive transaction on a file of its own: the operating system ends it with the process, however that dies,
 * so no stale lock is ever left behind.
 */
function lock(stateDir: string): () => void {
  guard(stateDir, () => {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 })
    accessSync(stateDir, constants.W_OK)
  })
  const file = guard(stateDir, () => {
    const path = join(stateDir, LOCK_FILE)
    closeSync(openSync(path, 'a', 0o600))
    return open(path, { timeout: 0 })
  })
  try {
    file.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    file.close()
    // A full disk refuses the lock too, and says so itself.
    if ((cause as { code?: string }).code?.startsWith('SQLITE_BUSY') !== true)
      return guard(stateDir, () => {
        throw cause
      })
    throw new TajoError('state_locked', `Another tajo is working with ${stateDir}.`, {
      hint: 'Stop it first, or give this one a state of its own with --state-dir. `tajo status` can be used at any time.',
      cause,
    })
  }
  return () => {
    if (file.open) file.close()
  }
}

/** A step can't be taken back: what was there before it is kept. */
function backUpBeforeMigration(database: Database, stateDir: string): void {
  const version = readPragma(database, 'user_version') as number
  if (version === 0 || version >= MIGRATIONS.length) return
  copyDatabase(database, join(stateDir, `tajo.db.before-v${MIGRATIONS.length}`))
}

function migrate(database: Database): void {
  const version = readPragma(database, 'user_version') as number
  if (version > MIGRATIONS.length) {
    throw new TajoError('state_unusable', 'The state was written by a newer tajo.', {
      hint: 'Use that version, or another --state-dir.',
    })
  }
  for (const [index, step] of MIGRATIONS.entries()) {
    if (index < version) continue
    database.transaction(() => {
      database.exec(step)
      database.exec(`PRAGMA user_version = ${index + 1}`)
    })()
  }
}

/** better-sqlite3 falls back to NORMAL with the first write in WAL unless told otherwise: look after a write, not before. */
function assertDurable(database: Database): void {
  database
    .prepare(
      "INSERT INTO meta (key, value) VALUES ('opened', '1') ON CONFLICT (key) DO UPDATE SET value = value + 1",
    )
    .run()
  if (readPragma(database, 'synchronous') !== FULL || readPragma(database, 'journal_mode') !== 'wal') {
    throw new TajoError(
      'state_unusable',
      'The state can not be written durably (synchronous=FULL in WAL mode was refused).',
    )
  }
}

function checkIntegrity(database: Database, stateDir: string): void {
  const verdict = readPragma(database, 'quick_check(1)')
  if (verdict !== 'ok')
    throw new TajoError('state_unusable', `The state in ${stateDir} is damaged: ${String(verdict)}.`, {
      hint: RESTORE,
    })
}

/** Everything that SQLite or the disk can say, as one error that says what to do. */
function guard<T>(stateDir: string, action: () => T): T {
  try {
    return action()
  } catch (cause) {
    if (cause instanceof TajoError) throw cause
    const code = (cause as { code?: string }).code ?? 'unknown'
    throw new TajoError('state_unusable', `The state in ${stateDir} can not be used (${code}).`, {
      hint: adviceFor(code),
      cause,
    })
  }
}

const RESTORE =
  'Put a backup in its place (tajo state backup makes them): what it does not know is looked for in Brevo before anything is sent.'

/** What a person can do about a code of SQLite or of the disk. */
export function adviceFor(code: string): string {
  if (/CORRUPT|NOTADB/.test(code)) return RESTORE
  if (/FULL|ENOSPC/.test(code)) return 'The disk is full: make room, and start again; nothing is lost.'
  if (/EACCES|EPERM|EROFS|READONLY|CANTOPEN/.test(code)) return 'Is the directory writable for this user?'
  return 'Is the directory writable, and is there room on the disk?'
}
