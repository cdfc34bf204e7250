// tajo dead-letters: what was set aside, why, and what can be done about it.
import { formatTime, plural, formatCount } from '../../../lib/human.ts'
import { TajoError } from '../../../lib/errors.ts'
import { maskPersonal } from '../../../lib/log/redact.ts'
import { type DescribedLetter, describeLetter, toLetterId } from '../../../outbox/letters.ts'
import { dropLetter, retryLetter } from '../../../outbox/retry.ts'
import type { DeadLetter } from '../../../state/delivery/dead-letters.ts'
import { openStoreBeside, openStoreReadOnly, type Store } from '../../../state/store.ts'
import type { CommonOptions } from '../terminal/session.ts'
import { paint, print } from '../terminal/terminal.ts'

type LettersOptions = CommonOptions & { json?: boolean; all?: boolean }

interface Shown extends Omit<DescribedLetter, 'todo'> {
  what_to_do: string
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
      id: toLetterId(letter),
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
    const found = letters.find((letter) => toLetterId(letter) === id || `${letter.kind}:${letter.key}` === id)
    if (found !== undefined) return found
    throw new TajoError('usage', `There is no dead letter ${maskPersonal(id)}.`, {
      hint: 'tajo dead-letters list shows what is set aside.',
    })
  })
}

function describe(letter: DeadLetter, store: Store): Shown {
  const { todo, ...rest } = describeLetter(letter, store)
  const { id } = rest
  return {
    ...rest,
    what_to_do: `${todo} Then: tajo dead-letters retry ${id}. Or give it up: tajo dead-letters drop ${id}`,
  }
}

function toNext({ next_try_at: next }: Shown): string {
  return next === null ? 'not tried again unless you say so' : `tried again at ${formatTime(next)}`
}
