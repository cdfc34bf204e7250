// tajo forget: a person asks to be forgotten.
import { openBrevo } from '../check/online.ts'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

import { deleteContact, leaveLists } from '../brevo/erase.ts'
import { TajoError } from '../lib/errors.ts'
import { normalizeEmail } from '../model/email.ts'
import { fromMs, toIso } from '../model/time.ts'
import { openStore } from '../state/store.ts'
import { confirm } from './ask.ts'
import { type CommonOptions, openSession } from './session.ts'
import { print, say } from './terminal.ts'

export interface ForgetOptions extends CommonOptions {
  deleteContact?: boolean
  yes?: boolean
  json?: boolean
}

interface Receipt {
  /** Of the address: all that is kept, with a salt of this state. */
  hash: string
  at: string
  /** Rows removed from the state, by kind. */
  removed: Record<string, number>
  brevo: { known: boolean; lists_left: number[]; contact_deleted: boolean }
  /** Copies of the state that may still hold the person. */
  backups: string[]
}

/** Brevo first: if it does not answer, the state still knows what is to be done. */
export async function runForget(address: string, options: ForgetOptions): Promise<number> {
  const email = normalizeEmail(address)
  if (email === null) throw new TajoError('usage', 'That is no e-mail address.')
  const session = openSession(options)
  try {
    const question =
      options.deleteContact === true
        ? 'Forget this person, and delete the contact in Brevo with all of its history?'
        : 'Forget this person?'
    if (options.yes !== true && !(process.stdin.isTTY && (await confirm(question)))) {
      throw new TajoError('usage', 'Nothing was done: it was not confirmed.', {
        hint: 'For scripts there is --yes.',
      })
    }
    const store = openStore(options.stateDir)
    try {
      const caller = openBrevo(session)
      // While the address is being changed in Brevo, both are this person's.
      const addresses = [email, ...store.renames.linked(email)]
      const left = new Set<number>()
      let known = false
      let deleted = false
      for (const one of addresses) {
        const given = Object.entries(store.contacts.told(one).lists)
          .filter(([, membership]) => membership === 'given' || membership === 'giving')
          .map(([list]) => Number(list))
        if (given.length > 0 && (await leaveLists(caller, one, given))) {
          known = true
          for (const list of given) left.add(list)
        }
        if (options.deleteContact === true && (await deleteContact(caller, one))) deleted = true
      }
      known ||= deleted
      const now = fromMs(session.ports.clock.now())
      const erased: Record<string, number> = {}
      let hash = ''
      for (const one of addresses.toReversed()) {
        const forgotten = store.forget(one, now)
        hash = forgotten.hash
        for (const [kind, count] of Object.entries(forgotten.erased))
          erased[kind] = (erased[kind] ?? 0) + count
      }
      const receipt: Receipt = {
        hash,
        at: toIso(now),
        removed: erased,
        brevo: { known, lists_left: [...left], contact_deleted: deleted },
        backups: findBackups(options.stateDir),
      }
      if (options.json === true) print(JSON.stringify(receipt))
      else printReceipt(receipt, options.deleteContact === true)
      return 0
    } finally {
      // Truncates the log: what was deleted is gone from the files too (secure_delete).
      store.close()
    }
  } finally {
    session.close()
  }
}

function printReceipt({ hash, at, removed, brevo, backups }: Receipt, wantsDeletion: boolean): void {
  print(`Forgotten at ${at}`)
  const rows = Object.entries(removed).filter(([, count]) => count > 0)
  print(
    `  state     ${rows.length === 0 ? 'held nothing' : rows.map(([kind, count]) => `${count} ${kind.replaceAll('_', ' ')}`).join(', ')}`,
  )
  print(
    `  Brevo     ${brevo.contact_deleted ? 'contact deleted' : brevo.lists_left.length > 0 ? `taken off ${brevo.lists_left.length === 1 ? 'list' : 'lists'} ${brevo.lists_left.join(', ')}` : 'nothing of tajo’s was there'}`,
  )
  print(
    `  kept      a salted hash, so that the next sync does not bring the person back: ${hash.slice(0, 16)}…`,
  )
  if (!wantsDeletion)
    say('The contact itself and its attributes are still in Brevo; --delete-contact deletes it.')
  say('The helpdesk keeps its own records: forget the person there too.')
  for (const file of backups) say(`This copy may still hold the person: ${file}`)
}

function findBackups(stateDir: string): string[] {
  const list = (directory: string): string[] => {
    try {
      return readdirSync(directory).map((name) => join(directory, name))
    } catch {
      return []
    }
  }
  return [
    ...list(join(stateDir, 'backups')),
    ...list(stateDir).filter((file) => /tajo\.db\.before-/.test(file)),
  ]
}
