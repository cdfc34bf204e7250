// Opens the state so that a committed transaction survives a power cut, migrates it,
// and lets only one process write. Reasons: reliability.md § 0.2, § 0.3 and § 3.
import {
  chmodSync,
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

import { TajoError } from '../../lib/errors.ts'
import { guard, RESTORE } from './faults.ts'
import { lock } from './lock.ts'
import { MIGRATIONS } from './migrations.ts'
import { type Database, isDatabaseError, isDiskFull, open, readPragma } from './sqlite.ts'
import { type Watch, watchOver } from './watch.ts'

export const DATABASE_FILE = 'tajo.db'
/** Beside the database (state/db/epoch.ts). */
export const EPOCH_FILE = 'tajo.epoch'
const FULL = 2

/** `scratch`: thrown away afterwards, so no power cut need be survived. */
export type Durability = 'durable' | 'scratch'

/** Opens the state for writing and holds its lock until `close`. Throws `state_locked` or `state_unusable`. */
export function openDatabase(
  stateDir: string,
  watch?: Watch,
  durability: Durability = 'durable',
): { database: Database; keptCopy: string | null; close(): void } {
  const releaseLock = lock(stateDir)
  let keptCopy: string | null = null
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
      keptCopy = backUpBeforeMigration(database, stateDir)
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
      keptCopy,
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

/**
 * A second pair of eyes on the state while another process may write; null where nothing was stored yet: the file is there a moment
 * before its tables are. Of whatever version it is.
 */
export function openDatabaseReadOnly(stateDir: string): Database | null {
  const file = join(stateDir, DATABASE_FILE)
  if (!existsSync(file)) return null
  return guard(stateDir, () => {
    const database = open(file, { readonly: true })
    if (versionOf(database) !== 0) return database
    database.close()
    return null
  })
}

export const isOutdated = (database: Database): boolean => versionOf(database) < MIGRATIONS.length

const versionOf = (database: Database): number => readPragma(database, 'user_version') as number

/** Throws `state_unusable` for a state that this version does not read as it is. */
export function assertCurrent(database: Database): void {
  if (versionOf(database) > MIGRATIONS.length) throw newer(dirname(database.name))
  if (isOutdated(database))
    throw new TajoError('state_unusable', 'The state was written by an earlier tajo.', {
      hint: 'tajo start brings it up to date, and keeps a copy of how it was.',
    })
}

function newer(stateDir: string | null): TajoError {
  const copy = stateDir === null ? null : findCopyBefore(stateDir)
  const back =
    copy === null
      ? 'or another --state-dir'
      : `or go back to how it was before the upgrade: tajo state restore ${copy}`
  return new TajoError('state_unusable', 'The state was written by a newer tajo.', {
    hint: `Use that version, ${back}`,
  })
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
    try {
      database.exec('PRAGMA synchronous = FULL')
      database.exec('PRAGMA secure_delete = ON')
      if (versionOf(database) === 0) {
        database.close()
        return null
      }
      assertCurrent(database)
      return database
    } catch (thrown) {
      database.close()
      throw thrown
    }
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

/** A step can't be taken back: what was there before it is kept. */
function backUpBeforeMigration(database: Database, stateDir: string): string | null {
  const version = versionOf(database)
  if (version === 0 || version >= MIGRATIONS.length) return null
  const copy = join(stateDir, `${BEFORE}${MIGRATIONS.length}`)
  copyDatabase(database, copy)
  return copy
}

const BEFORE = `${DATABASE_FILE}.before-v`

/** The newest copy that a newer tajo left here and this one can open; null: there is none. */
function findCopyBefore(stateDir: string): string | null {
  const copies = readdirSync(stateDir)
    .filter((name) => name.startsWith(BEFORE))
    .map((name) => ({ file: join(stateDir, name), version: readVersion(join(stateDir, name)) }))
    .filter(({ version }) => version > 0 && version <= MIGRATIONS.length)
  return copies.toSorted((a, b) => b.version - a.version)[0]?.file ?? null
}

/** 0: it is no state. */
function readVersion(file: string): number {
  try {
    const database = open(file, { readonly: true })
    try {
      return versionOf(database)
    } finally {
      database.close()
    }
  } catch {
    return 0
  }
}

/** Throws `usage` for a file that is no state of tajo, `state_unusable` for one of a newer tajo. */
export function refuseForeign(file: string): void {
  const version = readVersion(file)
  if (version === 0)
    throw new TajoError('usage', `${file} is no state of tajo.`, {
      hint: 'tajo state backup makes them; before an upgrade one is kept in the state directory.',
    })
  if (version > MIGRATIONS.length) throw newer(null)
}

function migrate(database: Database): void {
  const version = versionOf(database)
  if (version > MIGRATIONS.length) throw newer(dirname(database.name))
  if (version === MIGRATIONS.length) return
  // All of them or none: who looks meanwhile sees no version between.
  database.transaction(() => {
    for (const step of MIGRATIONS.slice(version)) database.exec(step)
    database.exec(`PRAGMA user_version = ${MIGRATIONS.length}`)
  })()
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
