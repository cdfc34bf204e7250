// What the state survives: restored backups, migrations, damage, a second process, a person who is forgotten.
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { Sqlite } from '../support/sqlite.ts'
import { MIGRATIONS } from '../../src/state/db/migrations.ts'
import { capPlans, recoverState } from '../../src/state/db/recover.ts'
import { openStore, openStoreBeside, openStoreReadOnly } from '../../src/state/store.ts'
import { openVirtualShop, type VirtualShop } from '../support/virtual.ts'
import { textKey } from '../../src/state/meta.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tajo-state-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

describe('a restored backup', () => {
  let shop: VirtualShop
  beforeEach(() => {
    shop = openVirtualShop()
  })
  afterEach(() => shop.close())
  const files = ['tajo.db', 'tajo.db-wal', 'tajo.db-shm']

  /** A ticket of a contact that Brevo knows, in a shop whose state was backed up before its event was sent. */
  async function backUpThenSend(backUp: () => void): Promise<void> {
    const { id } = shop.world.addCustomer({ email: 'a@example.com', created: 1, updated: shop.world.now() })
    await shop.sync()
    backUp()
    shop.world.addTicket({ customerId: id })
    await shop.sync()
    expect(shop.account.events).toHaveLength(1)
  }

  function restore(file: string): void {
    for (const name of files) rmSync(join(shop.stateDir, name), { force: true })
    copyFileSync(file, join(shop.stateDir, 'tajo.db'))
  }

  it.each(['made by tajo', 'a plain copy'])('sends nothing again that was sent since (%s)', async (kind) => {
    const file = join(directory, 'backup.db')
    await backUpThenSend(() => {
      if (kind === 'a plain copy') return copyFileSync(join(shop.stateDir, 'tajo.db'), file)
      const store = openStoreReadOnly(shop.stateDir)!
      store.copyTo(file)
      store.close()
    })
    restore(file)

    const report = await shop.sync({ waitForDoubt: true })

    expect(shop.account.events).toHaveLength(1)
    expect(report.events).toMatchObject({ sent: 0, confirmed: 1, inDoubt: 0 })
  })

  it('sends what Brevo does not have, after three looks', async () => {
    const file = join(directory, 'backup.db')
    const { id } = shop.world.addCustomer({ email: 'a@example.com', created: 1, updated: shop.world.now() })
    await shop.sync()
    copyFileSync(join(shop.stateDir, 'tajo.db'), file)
    shop.world.addTicket({ customerId: id })
    // Something else was sent since, so that the copy is an older one.
    shop.world.addCustomer({ email: 'b@example.com' })
    await shop.sync()
    shop.account.events.length = 0
    restore(file)

    await shop.sync({ waitForDoubt: true })

    expect(shop.account.events.map((event) => event.name).sort()).toEqual([
      'CUSTOMER_CREATED',
      'TICKET_CREATED',
    ])
  })

  it('does not make a contact again that was deleted in Brevo', async () => {
    const file = join(directory, 'backup.db')
    const { id } = shop.world.addCustomer({ email: 'a@example.com' })
    await shop.sync()
    copyFileSync(join(shop.stateDir, 'tajo.db'), file)
    shop.world.addTicket({ customerId: id })
    await shop.sync()
    shop.account.delete('a@example.com')
    restore(file)

    await shop.sync({ waitForDoubt: true })

    expect([...shop.account.contacts.keys()]).toEqual([])
  })

  it.each(['', 'garbage', 'NaN', '-1', '1e99'])(
    'sends nothing again beside a tajo.epoch that holds "%s"',
    async (text) => {
      const file = join(directory, 'backup.db')
      await backUpThenSend(() => copyFileSync(join(shop.stateDir, 'tajo.db'), file))
      restore(file)
      writeFileSync(join(shop.stateDir, 'tajo.epoch'), text)

      await shop.sync({ waitForDoubt: true })

      expect(shop.account.events).toHaveLength(1)
      expect(readFileSync(join(shop.stateDir, 'tajo.epoch'), 'utf8')).toMatch(/^\d+\n$/)
    },
  )

  it('puts right in Brevo what it remembers differently', async () => {
    const file = join(directory, 'backup.db')
    const { id } = shop.world.addCustomer({ email: 'a@example.com', name: 'First' })
    await shop.sync()
    copyFileSync(join(shop.stateDir, 'tajo.db'), file)
    shop.world.changeCustomer(id, { name: 'Second' })
    await shop.sync()
    shop.world.changeCustomer(id, { name: 'First' })
    // Only so that the copy is known to be older.
    shop.world.addTicket({ customerId: id })
    await shop.sync()
    shop.account.contacts.get('a@example.com')!.attributes['FIRSTNAME'] = 'Second'
    restore(file)

    await shop.sync()
    await shop.sync()

    expect(shop.account.contacts.get('a@example.com')!.attributes).toMatchObject({ FIRSTNAME: 'First' })
  })
})

describe('a tajo.epoch that can not be written', () => {
  let shop: VirtualShop
  beforeEach(() => {
    shop = openVirtualShop()
  })
  afterEach(() => shop.close())

  it('keeps an event here until it can, and then it is sent once', async () => {
    const { id } = shop.world.addCustomer({ email: 'a@example.com' })
    await shop.sync()
    shop.account.events.length = 0
    shop.world.addTicket({ customerId: id })
    // Where its new text would be written there is a directory.
    const inTheWay = join(shop.stateDir, 'tajo.epoch.new')
    let writes = 0
    shop.meet(({ url }, side) => {
      if (side === 'helpdesk' && url.includes('/tickets')) mkdirSync(inTheWay, { recursive: true })
      if (side === 'brevo' && url.endsWith('/events')) writes += 1
      return null
    })

    await expect(shop.sync()).rejects.toMatchObject({ code: 'state_unsealed', kind: 'transient' })

    expect(writes).toBe(0)
    rmdirSync(inTheWay)
    shop.meet(null)
    expect(await shop.open(async (engine) => engine.store.outboxEvents.counts())).toMatchObject({
      pending: 1,
    })
    await shop.sync()
    expect(shop.account.events.map((event) => event.name)).toEqual(['TICKET_CREATED'])
  })
})

describe('the files of a state', () => {
  it('are for their owner alone, whatever the umask and the directory say', () => {
    chmodSync(directory, 0o755)
    const before = process.umask(0)
    try {
      const store = openStore(directory)
      store.commitSending(
        () => store.meta.set(textKey('a'), 'b'),
        () => undefined,
      )
      const modes = readdirSync(directory).map((name) => [name, statSync(join(directory, name)).mode & 0o077])
      store.close()
      expect(modes.map(([name]) => name)).toEqual(
        expect.arrayContaining(['tajo.db', 'tajo.db-wal', 'tajo.lock']),
      )
      expect(modes.filter(([, others]) => others !== 0)).toEqual([])
    } finally {
      process.umask(before)
    }
  })

  it('are made so where they were not', () => {
    openStore(directory).close()
    chmodSync(join(directory, 'tajo.db'), 0o644)

    openStore(directory).close()

    expect(statSync(join(directory, 'tajo.db')).mode & 0o077).toBe(0)
  })

  it('are no new start where the database was emptied', () => {
    const store = openStore(directory)
    store.sealEpoch()
    store.close()
    writeFileSync(join(directory, 'tajo.db'), '')

    expect(() => openStore(directory)).toThrow(/tajo\.db is empty, and it was not/)
    // The refusal leaves no lock.
    expect(() => openStore(directory)).toThrow(/is empty/)
  })
})

describe('migrations', () => {
  it('keep a copy of what was there before, and everything in it', () => {
    const file = join(directory, 'tajo.db')
    const old = new Sqlite(file)
    old.pragma('journal_mode = WAL')
    old.exec(MIGRATIONS[0]!)
    old.pragma('user_version = 1')
    old.exec(`INSERT INTO outbox_events (event_id, email, name, occurred_at, payload, state)
      VALUES ('e1', 'a@example.com', 'CLOSED', 5, NULL, 'sent'), ('e2', 'a@example.com', 'CLOSED', 6, '{}', 'sending')`)
    old.exec(`INSERT INTO contacts (email, present, lists) VALUES ('a@example.com', 1, '{"35":"given"}')`)
    old.exec(`INSERT INTO outbox_contacts (email) VALUES ('a@example.com')`)
    old.close()

    const store = openStore(directory)

    expect(store.outboxEvents.counts()).toEqual({ sent: 1, sending: 1 })
    expect(store.contacts.lastSent('a@example.com')).toMatchObject({
      exists: true,
      gone: false,
      lists: { 35: 'given' },
    })
    expect(store.outboxContacts.due(1, null, 'live', 10)).toHaveLength(1)
    store.close()
    const copy = readdirSync(directory).find((name) => name.startsWith('tajo.db.before-'))
    const kept = new Sqlite(join(directory, copy!), { readonly: true })
    expect(kept.pragma('user_version', { simple: true })).toBe(1)
    expect(kept.prepare('SELECT count(*) FROM outbox_events').pluck().get()).toBe(2)
    kept.close()
  })

  it('never go back: a state of a newer tajo is refused', () => {
    openStore(directory).close()
    const newer = new Sqlite(join(directory, 'tajo.db'))
    newer.pragma(`user_version = ${MIGRATIONS.length + 1}`)
    newer.close()

    expect(() => openStore(directory)).toThrow(expect.objectContaining({ code: 'state_unusable' }))
  })
})

it('a damaged state is refused, and left as it is', () => {
  const store = openStore(directory)
  for (let row = 0; row < 400; row += 1) store.meta.set(textKey(`row:${row}`), 'x'.repeat(300))
  store.close()
  const file = join(directory, 'tajo.db')
  const bytes = readFileSync(file)
  bytes.fill(0xff, 8_192, 40_000)
  writeFileSync(file, bytes)

  expect(() => openStore(directory)).toThrow(expect.objectContaining({ code: 'state_unusable' }))
  expect(readFileSync(file).equals(bytes)).toBe(true)
})

it('has one writer that reads and sends; a command may change a row beside it', () => {
  const store = openStore(directory)

  expect(() => openStore(directory)).toThrow(expect.objectContaining({ code: 'state_locked' }))
  const beside = openStoreBeside(directory)!
  beside.deadLetters.put('event', 'e1', 'why', 5)
  beside.close()
  expect(store.deadLetters.find('event', 'e1')).toMatchObject({ reason: 'why' })
  store.close()
})

it('is not left locked by a process that was killed', () => {
  const { signal } = spawnSync(process.execPath, [
    'scripts/run.mjs',
    'test/state/killed-while-open.ts',
    directory,
  ])
  expect(signal).toBe('SIGKILL')
  expect(existsSync(join(directory, 'tajo.lock'))).toBe(true)

  openStore(directory).close()
})

describe('a person who is forgotten', () => {
  it('is in no file of the state any more, and is not brought back', async () => {
    const shop = openVirtualShop()
    try {
      const { id } = shop.world.addCustomer({ email: 'Jane.Doe@Example.com', name: 'Jane Q Doe' })
      const ticket = shop.world.addTicket({ customerId: id, subject: 'Secret Matter', tags: ['vip'] })
      shop.world.addSurvey(ticket.id, { score: 5, scored: shop.world.now() })
      await shop.sync()
      shop.world.closeTicket(ticket.id)
      await shop.sync()
      const look = (): string[] =>
        readdirSync(shop.stateDir).flatMap((name) => {
          const text = readFileSync(join(shop.stateDir, name)).toString('latin1').toLowerCase()
          return ['jane.doe@example.com', 'jane q doe', 'secret matter'].filter((word) => text.includes(word))
        })
      expect(look()).not.toEqual([])

      await shop.open(async ({ store }) => {
        const { erased } = store.forget('jane.doe@example.com', 5)
        expect(erased).toMatchObject({ customers: 1, tickets: 1, surveys: 1, contacts: 1 })
      })
      expect(look()).toEqual([])

      shop.world.changeCustomer(id, { name: 'Jane Q Doe' })
      shop.world.changeTicket(ticket.id, { subject: 'Secret Matter' })
      shop.account.contacts.clear()
      await shop.sync({ reconcile: true })
      expect(look()).toEqual([])
      expect(shop.account.contacts.size).toBe(0)
    } finally {
      shop.close()
    }
  })
})

it('with a person goes whoever was merged into them, and what a killed plan left', async () => {
  const shop = openVirtualShop()
  try {
    const [jane, old] = ['jane@example.com', 'old.jane@example.com'].map((email) =>
      shop.world.addCustomer({ email }),
    )
    await shop.sync()
    shop.world.addTicket({ customerId: old!.id, subject: 'Secret Matter' })
    await shop.sync()
    shop.world.mergeCustomers(old!.id, jane!.id)
    await shop.pass(5)
    await shop.sync()
    // Of a process that does not live any more.
    const scratch = join(shop.stateDir, 'scratch-999999999-1')
    mkdirSync(scratch)
    copyFileSync(join(shop.stateDir, 'tajo.db'), join(scratch, 'tajo.db'))

    await shop.open((engine) => engine.forget('jane@example.com', true))

    const words = ['jane@example.com', 'old.jane', 'secret matter']
    const files = readdirSync(shop.stateDir, { recursive: true, withFileTypes: true }).filter((one) =>
      one.isFile(),
    )
    const held = files.flatMap(({ parentPath, name }) => {
      const text = readFileSync(join(parentPath, name)).toString('latin1').toLowerCase()
      return words.filter((word) => text.includes(word)).map((word) => `${name}: ${word}`)
    })
    expect(held).toEqual([])
    expect([...shop.account.contacts.keys()]).toEqual([])
  } finally {
    shop.close()
  }
})

it('forgets sent events after a while, and never stages what happened before that', async () => {
  const shop = openVirtualShop()
  try {
    const yaml = shop.yaml().replace('connectors:\n', 'retention: { events: 2d }\nconnectors:\n')
    const { id } = shop.world.addCustomer({ email: 'a@example.com', created: 1, updated: shop.world.now() })
    await shop.sync({}, yaml)
    shop.world.addTicket({ customerId: id })
    await shop.sync({}, yaml)
    await shop.pass(4 * 24 * 60)
    await shop.sync({}, yaml)
    await shop.open(async ({ store }) => expect(store.outboxEvents.counts()).toEqual({}), yaml)
    // As if it had never been read.
    await shop.open(async ({ store }) => {
      for (const ticket of shop.world.tickets.keys()) store.tickets.remove('gorgias', String(ticket), null)
    }, yaml)

    await shop.sync({ since: 0 }, yaml)

    expect(shop.account.events).toHaveLength(1)
  } finally {
    shop.close()
  }
})

it('a write that is tried again does not wait for hours after the clock was set back while tajo was not running', () => {
  const store = openStore(directory)
  const now = Date.parse('2026-03-01T12:00:00Z') * 1_000
  const hours = (count: number): number => count * 3_600_000_000
  const dueAt = (time: number): string[] =>
    store.outboxContacts.due(time, null, 'background', 10).map((one) => one.email)
  store.outboxContacts.mark('tried@example.com', 'live')
  store.outboxContacts.mark('refused@example.com', 'live')
  for (const contact of store.outboxContacts.due(now, null, 'background', 10)) {
    const isRefused = contact.email.startsWith('refused')
    if (isRefused) store.deadLetters.put('contact', contact.email, 'Brevo will not have it', now)
    store.outboxContacts.postpone(contact, now + hours(isRefused ? 24 : 0.2))
  }
  expect(dueAt(now)).toEqual([])

  recoverState(store, now - hours(13), hours(0.1))

  expect(dueAt(now - hours(13))).toEqual(['refused@example.com', 'tried@example.com'])
  store.close()
})

it('what was refused keeps its day, where the clock is right', () => {
  const store = openStore(directory)
  const now = Date.parse('2026-03-01T12:00:00Z') * 1_000
  store.outboxContacts.mark('refused@example.com', 'live')
  const [contact] = store.outboxContacts.due(now, null, 'background', 10)
  store.deadLetters.put('contact', 'refused@example.com', 'Brevo will not have it', now)
  store.outboxContacts.postpone(contact!, now + 24 * 3_600_000_000)

  recoverState(store, now, 300_000_000)

  expect(store.outboxContacts.due(now, null, 'background', 10)).toEqual([])
  store.close()
})

it('what is planned between a jump of the clock and its being noticed is not moved along with the rest', () => {
  const store = openStore(directory)
  const before = Date.parse('2026-03-01T12:00:00Z') * 1_000
  const minutes = (count: number): number => count * 60_000_000
  const jump = minutes(23 * 60)
  const later = before + jump
  store.outboxContacts.mark('before@example.com', 'live')
  store.outboxContacts.mark('between@example.com', 'live')
  for (const contact of store.outboxContacts.due(before, null, 'background', 10)) {
    const plannedAt = contact.email.startsWith('before') ? before : later
    store.outboxContacts.postpone(contact, plannedAt + minutes(10))
  }

  store.deadLetters.put('record', 'before', 'was not to be had', before)
  store.deadLetters.put('record', 'between', 'was not to be had', later)

  // As the engine does.
  store.backlog.shiftDue(jump)
  capPlans(store, later, minutes(5))

  const dueAt = (time: number): string[] =>
    store.outboxContacts.due(time, null, 'background', 10).map((one) => one.email)
  expect(store.deadLetters.due('record', later).map(({ key }) => key)).toEqual(['between'])
  expect(store.deadLetters.due('record', later + minutes(60))).toHaveLength(2)
  expect(dueAt(later)).toEqual(['between@example.com'])
  expect(dueAt(later + minutes(10))).toEqual(['before@example.com', 'between@example.com'])
  store.close()
})
