// tajo dead-letters: what was set aside, why, and what can be done about it.
import { formatTime, plural, formatCount } from '../../../lib/human.ts'
import { createHash } from 'node:crypto'

import { TajoError } from '../../../lib/errors.ts'
import { maskPersonal } from '../../../lib/log/redact.ts'
import { NO_ID, readSetAsideKey } from '../../../model/set-aside.ts'
import { toIso } from '../../../model/time.ts'
import { dropLetter, retryLetter, splitIdentifier } from '../../../outbox/retry.ts'
import type { DeadLetter } from '../../../state/delivery/dead-letters.ts'
import { openStoreBeside, openStoreReadOnly, type Store } from '../../../state/store.ts'
import type { CommonOptions } from '../terminal/session.ts'
import { paint, print } from '../terminal/terminal.ts'

type LettersOptions = CommonOptions & { json?: boolean; all?: boolean }

interface Shown {
  /** Short, the same as long as the letter stands; names no person. */
  id: string
  kind: DeadLetter['kind']
  /** What was set aside, with addresses in full: `list` masks them. */
  what: string
  why: string
  what_to_do: string
  attempts: number
  first_at: string
  last_at: string
  /** Null: not without you. */
  next_try_at: string | null
}

export function runDeadLettersList(options: LettersOptions): number {
  const store = openStoreReadOnly(options.stateDir)
  const letters = store === null ? [] : store.deadLetters.list().map((letter) => describe(letter, store))
  store?.close()
  if (options.json === true) print(JSON.stringify(letters))
  else if (letters.length === 0) print('Nothing is set aside.')
  else {
    for (const one of letters) {
      print(`${paint('bold', one.id)}  ${maskPersonal(one.what)}`)
      print(`          ${maskPersonal(one.why)}`)
      print(
        paint(
          'dim',
          `          ${plural(one.attempts, 'attempt')} since ${formatTime(one.first_at)}; ${toNext(one)}`,
        ),
      )
    }
    print(`\n${formatCount(letters.length)} set aside. More of one: tajo dead-letters show <id>`)
  }
  return 0
}

export function runDeadLettersShow(id: string, options: LettersOptions): number {
  const store = openStoreReadOnly(options.stateDir)
  try {
    const [letter] = find(store, [id])
    const shown = describe(letter!, store!)
    if (options.json === true) print(JSON.stringify(shown))
    else {
      const row = (label: string, value: string): void => print(`${label.padEnd(12)}${value}`)
      row('what', shown.what)
      row('why', shown.why)
      row('what to do', shown.what_to_do)
      row(
        'attempts',
        `${shown.attempts}, first ${formatTime(shown.first_at)}, last ${formatTime(shown.last_at)}`,
      )
      row('next', toNext(shown))
    }
    return 0
  } finally {
    store?.close()
  }
}

/** Takes effect with the next run, of a daemon too. Exit code 3 where one of them can't be tried again. */
export function runDeadLettersRetry(ids: string[], options: LettersOptions): number {
  return change(ids, options, 'tried again by the next run', retryLetter)
}

export function runDeadLettersDrop(ids: string[], options: LettersOptions): number {
  return change(ids, options, 'dropped', (store, letter) => {
    dropLetter(store, letter)
    return null
  })
}

function change(
  ids: string[],
  options: LettersOptions,
  done: string,
  action: (store: Store, letter: DeadLetter) => string | null,
): number {
  if (ids.length === 0 && options.all !== true)
    throw new TajoError('usage', 'Which ones? Give their ids, or --all.', {
      hint: 'tajo dead-letters list shows them.',
    })
  const store = openStoreBeside(options.stateDir)
  try {
    const letters = options.all === true ? (store?.deadLetters.list() ?? []) : find(store, ids)
    const results = letters.map((letter) => ({
      id: toId(letter),
      why: store!.transaction(() => action(store!, letter)),
    }))
    const failed = results.filter((one) => one.why !== null)
    const changed = results.filter((one) => one.why === null).map((one) => one.id)
    if (options.json === true) print(JSON.stringify({ changed, impossible: failed }))
    else {
      if (changed.length > 0 || failed.length === 0) print(`${formatCount(changed.length)} ${done}.`)
      for (const { id, why } of failed) print(`${paint('bold', id)}  ${paint('red', 'not')} ${done}. ${why}`)
    }
    return failed.length > 0 ? 3 : 0
  } finally {
    store?.close()
  }
}

function find(store: Store | null, ids: readonly string[]): DeadLetter[] {
  const letters = store?.deadLetters.list() ?? []
  return ids.map((id) => {
    const found = letters.find((letter) => toId(letter) === id || `${letter.kind}:${letter.key}` === id)
    if (found !== undefined) return found
    throw new TajoError('usage', `There is no dead letter ${maskPersonal(id)}.`, {
      hint: 'tajo dead-letters list shows what is set aside.',
    })
  })
}

function toId({ kind, key }: DeadLetter): string {
  return createHash('sha256').update(`${kind}:${key}`).digest('hex').slice(0, 8)
}

function describe(letter: DeadLetter, store: Store): Shown {
  const { kind, key, reason, attempts, first_at, last_at, retry_at } = letter
  const { what, todo } = explain(letter, store)
  return {
    id: toId(letter),
    kind,
    what,
    why: reason,
    what_to_do: `${todo} Then: tajo dead-letters retry ${toId(letter)}. Or give it up: tajo dead-letters drop ${toId({ ...letter, kind, key })}`,
    attempts,
    first_at: toIso(first_at),
    last_at: toIso(last_at),
    next_try_at: retry_at === null ? null : toIso(Math.max(retry_at, last_at)),
  }
}

function explain({ kind, key, reason }: DeadLetter, store: Store): { what: string; todo: string } {
  switch (kind) {
    case 'record': {
      const { connector, stream, id, part } = readSetAsideKey(key)
      const named = id === NO_ID ? 'without an id' : id
      const words =
        part === 'phone' ? `the phone of customer ${id}` : `${STREAM_WORDS[stream] ?? stream} ${named}`
      return {
        what: `${words} in ${connector}`,
        todo: 'Look at the record in the helpdesk: it could not be read or understood.',
      }
    }
    case 'contact':
      return {
        what: `the contact ${key}`,
        todo: /deleted in Brevo/.test(reason)
          ? 'If the contact shall be in Brevo again, retry it: it is made anew, without its past.'
          : 'Put right in Brevo, or in connectors.yml, what the reason names.',
      }
    case 'identifier': {
      const [email, attribute] = splitIdentifier(key)
      return {
        what: `${attribute} of the contact ${email} (the rest of it was written)`,
        todo: 'Mend the value in the helpdesk, or free it in Brevo if another contact has it.',
      }
    }
    case 'handler':
      return { what: `the handler of ${key}`, todo: 'Mend the handler in your code.' }
    case 'event': {
      const event = store.outboxEvents.find(key)
      return {
        what:
          event === null
            ? `the event ${key}`
            : `the event ${event.name} of ${formatTime(toIso(event.occurredAt))} for ${event.email}`,
        todo:
          event?.state === 'parked'
            ? `Look at the contact's timeline in Brevo: is the event there? If it is not, retry sends it again.`
            : 'Put right what the reason names.',
      }
    }
  }
}

const STREAM_WORDS: Record<string, string> = {
  customers: 'customer',
  tickets: 'ticket',
  satisfaction_surveys: 'survey',
  messages: 'message',
  events: 'entry of the event feed',
  feed: 'entry of the event feed',
}

function toNext({ next_try_at: next }: Shown): string {
  return next === null ? 'not tried again unless you say so' : `tried again at ${formatTime(next)}`
}
