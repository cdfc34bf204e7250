// A backup in the place of the state: what was there is kept, who was forgotten stays forgotten, and the way back from an upgrade.
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { Sqlite } from '../support/sqlite.ts'
import { MIGRATIONS } from '../../src/state/db/migrations.ts'
import { restoreState } from '../../src/state/restore.ts'
import { openStore, openStoreReadOnly, type Store } from '../../src/state/store.ts'

let directory: string
let backup: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tajo-restore-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

function change(action: (store: Store) => void): void {
  const store = openStore(directory)
  try {
    store.transaction(() => action(store))
  } finally {
    store.close()
  }
}

function backUp(): void {
  const store = openStoreReadOnly(directory)!
  backup = join(mkdtempSync(join(directory, 'elsewhere-')), 'one.db')
  store.copyTo(backup)
  store.close()
}

const letters = (): string[] => {
  const store = openStoreReadOnly(directory)!
  const keys = store.deadLetters.list().map(({ key }) => key)
  store.close()
  return keys.toSorted()
}

it('what the backup holds is the state, it knows that it is one, and what was there is kept', () => {
  change((store) => store.deadLetters.put('contact', 'before', 'why', 1))
  backUp()
  change((store) => store.deadLetters.put('contact', 'after', 'why', 2))
  const { kept, forgotten } = restoreState(directory, backup, 'now')

  expect(letters()).toEqual(['before'])
  expect(forgotten).toBe(0)
  expect(statSync(join(directory, 'tajo.db')).mode & 0o777).toBe(0o600)
  expect(existsSync(join(kept!, 'tajo.db'))).toBe(true)
  expect(readdirSync(directory).filter((name) => name.startsWith('restoring-'))).toEqual([])
  // Events that it believes unsent are looked for in Brevo first.
  const store = openStore(directory)
  expect(store.restored).toBe(true)
  store.close()
})

it('who was forgotten since stays forgotten', () => {
  change((store) => {
    store.contacts.expect('ann@example.com')
    store.contacts.expect('bob@example.com')
  })
  backUp()
  change((store) => store.forget('ann@example.com', 5))
  expect(restoreState(directory, backup, 'now').forgotten).toBe(1)

  const store = openStoreReadOnly(directory)!
  expect(store.forgotten.has('ann@example.com')).toBe(true)
  expect(store.forgotten.has('bob@example.com')).toBe(false)
  store.close()
  const file = new Sqlite(join(directory, 'tajo.db'), { readonly: true })
  expect(file.prepare('SELECT email FROM contacts').pluck().all()).toEqual(['bob@example.com'])
  file.close()
})

it('what stands in the log of a process that was killed alone is restored, too', () => {
  change((store) => store.deadLetters.put('contact', 'first', 'why', 1))
  // As a killed process leaves it: its last word is in the log.
  const store = openStore(directory)
  store.deadLetters.put('contact', 'last', 'why', 2)
  const elsewhere = mkdtempSync(join(directory, 'killed-'))
  for (const ending of ['', '-wal'])
    cpSync(join(directory, `tajo.db${ending}`), join(elsewhere, `tajo.db${ending}`))
  store.close()
  change((other) => other.deadLetters.clear('contact', 'last'))
  restoreState(directory, join(elsewhere, 'tajo.db'), 'now')

  expect(letters()).toEqual(['first', 'last'])
})

it('a log that was left alone is put aside, too, and does not get into what is restored', () => {
  change((store) => store.deadLetters.put('contact', 'before', 'why', 1))
  backUp()
  const store = openStore(directory)
  store.transaction(() => {
    for (let number = 0; number < 500; number += 1)
      store.deadLetters.put('contact', `later ${number}`, 'why', 2)
  })
  const log = join(directory, 'killed.log')
  cpSync(join(directory, 'tajo.db-wal'), log)
  store.close()
  rmSync(join(directory, 'tajo.db'))
  cpSync(log, join(directory, 'tajo.db-wal'))

  const { kept } = restoreState(directory, backup, 'now')

  expect(readdirSync(kept!)).toEqual(['tajo.db-wal'])
  expect(letters()).toEqual(['before'])
  const file = new Sqlite(join(directory, 'tajo.db'), { readonly: true })
  expect(file.pragma('integrity_check', { simple: true })).toBe('ok')
  file.close()
})

it('who was forgotten in a state that was begun anew can’t be found in an older backup, and that is said', () => {
  change((store) => store.forget('bob@example.com', 1))
  change((store) => store.contacts.expect('ann@example.com'))
  backUp()
  for (const ending of ['', '-wal', '-shm', '.epoch'])
    rmSync(join(directory, ending === '.epoch' ? 'tajo.epoch' : `tajo.db${ending}`), { force: true })
  change((store) => store.forget('ann@example.com', 5))

  expect(restoreState(directory, backup, 'now').forgotten).toBeNull()
})

describe('the console', () => {
  const token = { name: 'Ann', role: 'editor', isMasked: false, isSingle: false, expiresAt: 9e15 } as const
  const make = (): { secret: string; id: string; cookie: string } => {
    let made = { id: '', secret: '' }
    let cookie = ''
    change((store) => {
      made = store.consoleAccess.make(token, 1)
      cookie = store.consoleAccess.signIn(made.secret, 1)!.cookie
    })
    return { ...made, cookie }
  }
  const opens = ({ secret, cookie }: { secret: string; cookie: string }): boolean[] => {
    const store = openStore(directory)
    try {
      return store.transaction(() => [
        store.consoleAccess.sessionOf(cookie, 2) !== null,
        store.consoleAccess.signIn(secret, 2) !== null,
      ])
    } finally {
      store.close()
    }
  }

  it('is not opened again by a token that was revoked since; by another one it is, once that signs in', () => {
    const [ann, bob] = [make(), make()]
    backUp()
    change((store) => store.consoleAccess.revoke(ann.id, 2))
    restoreState(directory, backup, 'now')

    expect(opens(ann)).toEqual([false, false])
    expect(opens(bob)).toEqual([false, true])
  })

  it('is opened by nobody where what was there can’t be read; nor is it known who was forgotten', () => {
    const ann = make()
    backUp()
    writeFileSync(join(directory, 'tajo.db'), 'damaged')
    expect(restoreState(directory, backup, 'now').forgotten).toBeNull()

    expect(opens(ann)).toEqual([false, false])
  })
})

describe('everything is left as it was where', () => {
  beforeEach(() => change((store) => store.deadLetters.put('contact', 'here', 'why', 1)))
  function expectUnchanged(): void {
    expect(letters()).toEqual(['here'])
    expect(readdirSync(directory).filter((name) => name.startsWith('restoring-'))).toEqual([])
  }

  it('there is no such file', () => {
    expect(() => restoreState(directory, join(directory, 'none.db'), 'now')).toThrow(/There is no file/)
    expectUnchanged()
  })

  it('the file is no state of tajo', () => {
    const other = join(directory, 'other.db')
    writeFileSync(other, 'no database')
    expect(() => restoreState(directory, other, 'now')).toThrow(/no state of tajo/)
    expectUnchanged()
  })

  it('the file is of a newer tajo', () => {
    backUp()
    const newer = new Sqlite(backup)
    newer.pragma(`user_version = ${MIGRATIONS.length + 1}`)
    newer.close()
    expect(() => restoreState(directory, backup, 'now')).toThrow(/newer tajo/)
    expectUnchanged()
  })

  it('somebody works with the state', () => {
    backUp()
    const store = openStore(directory)
    expect(() => restoreState(directory, backup, 'now')).toThrow(/Another tajo/)
    store.close()
    expectUnchanged()
  })
})

it('an older tajo names the copy that goes back, and goes back with it', () => {
  change((store) => store.deadLetters.put('contact', 'before the upgrade', 'why', 1))
  // What a tajo of the next version does.
  const store = openStoreReadOnly(directory)!
  const copy = join(directory, `tajo.db.before-v${MIGRATIONS.length + 1}`)
  store.copyTo(copy)
  store.close()
  const newer = new Sqlite(join(directory, 'tajo.db'))
  newer.pragma(`user_version = ${MIGRATIONS.length + 1}`)
  newer.close()

  expect(() => openStore(directory)).toThrow(
    expect.objectContaining({
      code: 'state_unusable',
      hint: expect.stringContaining(`tajo state restore ${copy}`),
    }),
  )
  restoreState(directory, copy, 'now')
  expect(letters()).toEqual(['before the upgrade'])
})
