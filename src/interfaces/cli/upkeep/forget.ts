// tajo forget: a person asks to be forgotten.
import { openBrevo } from '../../../preflight/online.ts'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

import { type Forgotten, forgetPerson } from '../../../engine/maintenance.ts'
import { TajoError } from '../../../lib/errors.ts'
import { formatTime } from '../../../lib/human.ts'
import { normalizeEmail } from '../../../model/email.ts'
import { fromMs, toIso } from '../../../model/time.ts'
import { openStore } from '../../../state/store.ts'
import { confirm } from '../terminal/ask.ts'
import { hereOrBeside } from '../terminal/beside.ts'
import { type CommonOptions, openSession, type Session } from '../terminal/session.ts'
import { print, say } from '../terminal/terminal.ts'

export interface ForgetOptions extends CommonOptions {
  deleteContact?: boolean
  yes?: boolean
  json?: boolean
}

interface Receipt extends Forgotten {
  at: string
  /** Copies of the state that may still hold the person. */
  backups: string[]
}

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
    const wantsDeletion = options.deleteContact === true
    const forgotten = await hereOrBeside(
      options.stateDir,
      () => forgetHere(session, email, wantsDeletion),
      'forget',
      {
        email,
        delete_contact: wantsDeletion,
      },
    )
    const at = toIso(fromMs(session.ports.clock.now()))
    const receipt: Receipt = { ...forgotten, at, backups: findBackups(options.stateDir) }
    if (options.json === true) print(JSON.stringify(receipt))
    else printReceipt(receipt, wantsDeletion)
    return 0
  } finally {
    session.close()
  }
}

async function forgetHere(session: Session, email: string, wantsDeletion: boolean): Promise<Forgotten> {
  const { stateDir } = session.engine
  const store = openStore(stateDir)
  try {
    const now = fromMs(session.ports.clock.now())
    return await forgetPerson({ store, stateDir }, openBrevo(session), email, wantsDeletion, now)
  } finally {
    store.close()
  }
}

function printReceipt({ hash, at, removed, brevo, backups }: Receipt, wantsDeletion: boolean): void {
  print(`Forgotten at ${formatTime(at)}`)
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
