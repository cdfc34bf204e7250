// tajo state: the files that tajo remembers in.
import { closeSync, existsSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { systemClock } from '../../../lib/time/clock.ts'
import { resetCursors } from '../../../engine/maintenance.ts'
import { TajoError } from '../../../lib/errors.ts'
import { formatTime, plural, formatCount } from '../../../lib/human.ts'
import { type Stream, STREAMS } from '../../../model/records.ts'
import { parseInstant, toIso } from '../../../model/time.ts'
import { EXPORTED_TABLES, openStore, openStoreReadOnly, type Store } from '../../../state/store.ts'
import { restoreState } from '../../../state/restore.ts'
import { hereOrBeside } from '../terminal/beside.ts'
import type { CommonOptions } from '../terminal/session.ts'
import { print, say } from '../terminal/terminal.ts'

type StateOptions = CommonOptions & { json?: boolean }

function openOrComplain(stateDir: string): Store {
  const store = openStoreReadOnly(stateDir)
  if (store !== null) return store
  throw new TajoError('usage', `There is no state in ${stateDir} yet.`, {
    hint: 'Start with: tajo start',
  })
}

/** One moment of the state, also while a daemon works. */
export function runStateBackup(options: StateOptions & { out?: string }): number {
  const stamp = new Date(systemClock.now()).toISOString().replaceAll(/[:.]/g, '-')
  const file = options.out ?? join(options.stateDir, 'backups', `tajo-${stamp}.db`)
  if (existsSync(file)) throw new TajoError('usage', `${file} is there already.`)
  const store = openOrComplain(options.stateDir)
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    store.copyTo(file)
  } finally {
    store.close()
  }
  if (options.json === true) print(JSON.stringify({ file }))
  else {
    print(`Wrote ${file}`)
    say('It holds what the state holds, customers and their tickets among it: keep it as safe.')
    say(`To restore it: stop tajo, and run: tajo state restore ${file}`)
    say('What it believes unsent is then looked for in Brevo before it is sent.')
  }
  return 0
}

/** In the place of the state; nobody may work with it meanwhile. */
export function runStateRestore(file: string, options: StateOptions): number {
  const stamp = new Date(systemClock.now()).toISOString().replaceAll(/[:.]/g, '-')
  const { kept, forgotten } = restoreState(options.stateDir, file, stamp)
  if (options.json === true) print(JSON.stringify({ restored: file, kept, forgotten }))
  else {
    print(`✓ Restored ${file}${kept === null ? '' : `; what was there is kept in ${kept}`}`)
    if (kept === null || forgotten === null)
      say('Tokens of the console open nothing any more; make new ones: tajo console token --name ANN')
    if (forgotten === null)
      say(
        'What was there can’t be compared with it, so nobody knows who was forgotten since: forget them again.',
      )
    else if (forgotten > 0)
      print(`  ${plural(forgotten, 'person', 'people')} in it had been forgotten since, and stay so.`)
    say('What it does not know, or believes unsent, is looked for in Brevo before anything is sent.')
  }
  return 0
}

/** Exit code 1 where the file is damaged. */
export function runStateCheck(options: StateOptions): number {
  const store = openOrComplain(options.stateDir)
  try {
    const complaints = store.check()
    const ok = complaints.length === 0
    // What a damaged file says of itself is not to be counted on.
    const work = ok ? { events: store.outboxEvents.counts(), undelivered: store.backlog.undelivered() } : null
    if (options.json === true) print(JSON.stringify({ ok, complaints, ...work }))
    else if (work !== null) {
      const { contacts, events } = work.undelivered
      print(`✓ The state in ${options.stateDir} is sound.`)
      print(`  Still to be delivered: ${plural(contacts, 'contact')} and ${plural(events, 'event')}.`)
    } else {
      for (const complaint of complaints) print(`✗ ${complaint}`)
      say('Stop tajo and restore a backup (tajo state restore FILE), or start with an empty --state-dir:')
      say('what happened so far is history to it and fires no event.')
    }
    return ok ? 0 : 1
  } finally {
    store.close()
  }
}

/** A line of JSON for each row. */
export function runStateExport(options: StateOptions & { out?: string }): number {
  const store = openOrComplain(options.stateDir)
  const descriptor = options.out === undefined ? null : openSync(options.out, 'wx', 0o600)
  try {
    let rows = 0
    for (const table of EXPORTED_TABLES) {
      for (const row of store.rows(table)) {
        const line = `${JSON.stringify({ table, ...(row as object) })}\n`
        if (descriptor === null) process.stdout.write(line)
        else writeSync(descriptor, line)
        rows += 1
      }
    }
    if (options.out !== undefined) print(`Wrote ${formatCount(rows)} rows to ${options.out}`)
    return 0
  } finally {
    if (descriptor !== null) closeSync(descriptor)
    store.close()
  }
}

/** The next run reads the stream again, from that date or as a whole; each occurrence is known, so no event is repeated. */
export async function runStateResetCursor(
  resource: string,
  options: StateOptions & { to?: string },
): Promise<number> {
  const streams = toStreams(resource)
  const to = options.to === undefined ? 0 : parseInstant(options.to)
  if (to === null)
    throw new TajoError('usage', `"${options.to}" is no date.`, { hint: 'Write it as 2024-01-31.' })
  const here = async (): Promise<void> => {
    const store = openStore(options.stateDir)
    try {
      for (const source of store.cursors.sources()) resetCursors(store, source, streams, to)
    } finally {
      store.close()
    }
  }
  await hereOrBeside(options.stateDir, here, 'reset-cursors', { streams, to })
  print(
    `${streams.join(', ')}: the next run reads ${to === 0 ? 'everything' : `what changed since ${formatTime(toIso(to))}`} again. No event is repeated.`,
  )
  return 0
}

function toStreams(resource: string): Stream[] {
  if (resource === 'all') return [...STREAMS]
  const streams = STREAMS.filter((stream) => stream === resource)
  if (streams.length > 0) return streams
  throw new TajoError('usage', `There is no resource ${resource}.`, {
    hint: `Resources are all, ${STREAMS.join(', ')}.`,
  })
}
