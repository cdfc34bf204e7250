// Who may look into the console: tokens that a person was given, and the sessions that they were exchanged for. Of both only a digest is
// kept: they are random, so no salt or slow hash is needed, and whoever reads the state can't sign in with what stands there.
import { createHash, randomBytes } from 'node:crypto'

import { fromMs, type Instant } from '../../model/time.ts'
import { Table } from '../db/table.ts'

/** `viewer` looks; `editor` changes, too. */
export const ROLES = ['viewer', 'editor'] as const
export type Role = (typeof ROLES)[number]

export interface ConsoleToken {
  /** Names it, and opens nothing. */
  id: string
  /** Whose it is. */
  name: string
  role: Role
  /** Addresses are shown masked. */
  isMasked: boolean
  /** It opens one session, and none after that. */
  isSingle: boolean
  createdAt: Instant
  expiresAt: Instant
  usedAt: Instant | null
  revokedAt: Instant | null
}

/** Somebody who is signed in. */
export type Session = Pick<ConsoleToken, 'name' | 'role' | 'isMasked'> & { token: string }

interface Row {
  id: string
  name: string
  role: Role
  masked: number
  single: number
  created_at: number
  expires_at: number
  used_at: number | null
  revoked_at: number | null
}

/** Signed in for so long; less where the token expires before. */
const SESSION = fromMs(12 * 3_600_000)
/** A token for one session is forgotten so long after it expired. */
const SINGLES_KEPT = fromMs(24 * 3_600_000)

const digest = (secret: string): string => createHash('sha256').update(secret).digest('hex')
const makeSecret = (): string => randomBytes(32).toString('base64url')

const COLUMNS = 'id, name, role, masked, single, created_at, expires_at, used_at, revoked_at'

export class ConsoleAccess extends Table {
  readonly #insert = this.database.prepare(`
    INSERT INTO console_tokens (id, name, role, masked, single, hash, created_at, expires_at)
    VALUES (@id, @name, @role, @masked, @single, @hash, @now, @expiresAt)`)

  readonly #prune = this.database.prepare('DELETE FROM console_tokens WHERE single = 1 AND expires_at < ?')

  /** The token itself is given once, here. */
  make(
    token: Pick<ConsoleToken, 'name' | 'role' | 'isMasked' | 'isSingle' | 'expiresAt'>,
    now: Instant,
  ): { id: string; secret: string } {
    const { name, role, isMasked, isSingle, expiresAt } = token
    const id = randomBytes(4).toString('hex')
    const secret = `tajo_${makeSecret()}`
    this.#prune.run(now - SINGLES_KEPT)
    this.#insert.run({
      id,
      name,
      role,
      masked: Number(isMasked),
      single: Number(isSingle),
      hash: digest(secret),
      now,
      expiresAt,
    })
    return { id, secret }
  }

  readonly #list = this.database.prepare<[], Row>(
    `SELECT ${COLUMNS} FROM console_tokens WHERE single = 0 ORDER BY created_at, id`,
  )

  /** Those that were made for a person. */
  list(): ConsoleToken[] {
    return this.#list.all().map((row) => toToken(row))
  }

  readonly #revoke = this.database.prepare(
    'UPDATE console_tokens SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL',
  )

  /** Whoever is signed in by it is signed out. False where there is no such token any more. */
  revoke(id: string, now: Instant): boolean {
    return this.#revoke.run(now, id).changes > 0
  }

  readonly #endAll = this.database.prepare('DELETE FROM console_sessions')

  readonly #revokeOthers = this.database.prepare(`
    UPDATE console_tokens SET revoked_at = expires_at
    WHERE revoked_at IS NULL AND id NOT IN (SELECT value FROM json_each(?))`)

  /** In a copy from before: only tokens that open something now open something, and nobody is signed in. Null: nobody knows which. */
  adoptRevoked(open: readonly string[] | null): void {
    this.#endAll.run()
    this.#revokeOthers.run(JSON.stringify(open ?? []))
  }

  readonly #valid = this.database.prepare<[string, number], Row>(`
    SELECT ${COLUMNS} FROM console_tokens
    WHERE hash = ? AND revoked_at IS NULL AND expires_at > ? AND (single = 0 OR used_at IS NULL)`)

  readonly #use = this.database.prepare('UPDATE console_tokens SET used_at = ? WHERE id = ?')

  readonly #open = this.database.prepare(
    'INSERT INTO console_sessions (hash, token, expires_at) VALUES (?, ?, ?)',
  )

  /** What the browser keeps, and who came in; null: the token opens nothing. Called in a transaction. */
  signIn(secret: string, now: Instant): { cookie: string; expiresAt: Instant; session: Session } | null {
    const row = this.#valid.get(digest(secret), now)
    if (row === undefined) return null
    const { isSingle, expiresAt: end, ...token } = toToken(row)
    const cookie = makeSecret()
    const expiresAt = isSingle ? now + SESSION : Math.min(now + SESSION, end)
    this.#use.run(now, token.id)
    this.#end.run(now)
    this.#open.run(digest(cookie), token.id, expiresAt)
    const { id, name, role, isMasked } = token
    return { cookie, expiresAt, session: { token: id, name, role, isMasked } }
  }

  readonly #end = this.database.prepare('DELETE FROM console_sessions WHERE expires_at <= ?')

  readonly #session = this.database.prepare<[string, number], Pick<Row, 'id' | 'name' | 'role' | 'masked'>>(`
    SELECT t.id, t.name, t.role, t.masked FROM console_sessions s JOIN console_tokens t ON t.id = s.token
    WHERE s.hash = ? AND s.expires_at > ? AND t.revoked_at IS NULL`)

  sessionOf(cookie: string, now: Instant): Session | null {
    const row = this.#session.get(digest(cookie), now)
    if (row === undefined) return null
    const { id, name, role, masked } = row
    return { token: id, name, role, isMasked: masked === 1 }
  }

  readonly #signOut = this.database.prepare('DELETE FROM console_sessions WHERE hash = ?')

  signOut(cookie: string): void {
    this.#signOut.run(digest(cookie))
  }
}

function toToken(row: Row): ConsoleToken {
  return {
    id: row.id,
    name: row.name,
    role: row.role,
    isMasked: row.masked === 1,
    isSingle: row.single === 1,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    usedAt: row.used_at,
    revokedAt: row.revoked_at,
  }
}
