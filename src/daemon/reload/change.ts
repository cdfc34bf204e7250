// What a changed connectors.yml is worth: faulty, to be approved, or good to go live.
import { checkConfig } from '../../config/load.ts'
import type { Config } from '../../config/config.ts'
import type { Clock } from '../../lib/time/clock.ts'
import { coerceError, isAbort, TajoError } from '../../lib/errors.ts'
import type { Log } from '../../lib/log/log.ts'
import { fromMs } from '../../model/time.ts'
import { fingerprint } from '../../dry-run/report.ts'
import { type PendingConfig, readApproved, readInForce } from '../../state/reading/applied-config.ts'
import { isDatabaseError } from '../../state/db/sqlite.ts'
import type { Store } from '../../state/store.ts'
import type { Daemon } from '../daemon.ts'
import { toFaulty, weighChange } from './weigh-change.ts'

/** A text of connectors.yml with all that it needs to run: keys, ports. */
export interface Prepared {
  text: string
  config: Config
  /** `onAccepted` is called, maybe often, once both sides take it. */
  start(onAccepted: () => void): Daemon
  close(): void
}

export interface ReloadPorts {
  file: string
  clock: Clock
  log: Log
  env: Readonly<Record<string, string | undefined>>
  /** The text of the file now; null where it can't be read just now. */
  read(): string | null
  /** Throws TajoError where a key is missing. */
  prepare(text: string): Prepared
  /** What Brevo and the helpdesk have against it; throws where they can't be asked. */
  check(prepared: Prepared): Promise<string[]>
  /** What the last process left; null where nothing was ever stored. */
  peek<T>(look: (store: Store) => T | Promise<T>): Promise<T | null>
  /** Others get their turn. */
  pause(): Promise<void>
}

/** What is to be done with a text. `isFinal`: it is not looked at again before it changes, or is approved. */
export type Verdict =
  | { prepared: Prepared }
  | { pending: PendingConfig; isFinal: boolean }
  /** One of the two sides can't be asked now. */
  | { later: string }

/** With what a daemon starts. */
export interface First {
  prepared: Prepared
  /** What was in force before, should this turn out not to work; null: nothing was. */
  previous: string | null
  /** The file says something else, which waits or is faulty. */
  found: PendingConfig | null
}

/** After a restart, a change that waits for an approval waits on, and a faulty file leaves in force what was. */
export async function chooseFirst(ports: ReloadPorts): Promise<First> {
  const { file } = ports
  const text = ports.read()
  const kept = await ports.peek((store) => readInForce(store))
  if (text === null || kept === null || kept === text)
    return { prepared: ports.prepare(text ?? ''), previous: null, found: null }
  const before = checkConfig(file, kept, ports.env).config
  const complaints = findMistakes(ports, text)
  if (complaints.length > 0 && before !== null)
    return { prepared: ports.prepare(kept), previous: null, found: toFaultyNow(ports, text, complaints) }
  const prepared = ports.prepare(text)
  if (before === null) {
    if ((await ports.peek((store) => readApproved(store))) === fingerprint(text))
      return { prepared, previous: null, found: null }
    prepared.close()
    throw new TajoError(
      'config_invalid',
      `${file} was changed, and what was in force before can't be read by this version of tajo, so the two can't be compared.`,
      {
        hint: 'See what the file does: tajo plan. If that is right: tajo sync NAME (for one of your connectors), and then tajo start.',
      },
    )
  }
  const found = await ports.peek((store) => weigh(ports, store, before, prepared))
  if (found === null) return { prepared, previous: kept, found }
  prepared.close()
  return { prepared: ports.prepare(kept), previous: kept, found }
}

/** `current`: the daemon that runs, and what it runs by. */
export async function judge(
  ports: ReloadPorts,
  text: string,
  current: { store: Store; config: Config },
  signal: AbortSignal,
): Promise<Verdict> {
  const mistakes = findMistakes(ports, text)
  if (mistakes.length > 0) return { pending: toFaultyNow(ports, text, mistakes), isFinal: true }
  let prepared: Prepared | null = null
  try {
    prepared = ports.prepare(text)
    // Who ends the daemon does not wait for an API that does not answer.
    const complaints = await Promise.race([ports.check(prepared), untilAborted(signal)])
    // What is missing outside the file may be put right there: looked at again.
    if (complaints.length > 0)
      return closing(prepared, { pending: toFaultyNow(ports, text, complaints), isFinal: false })
    const pending = await weigh(ports, current.store, current.config, prepared)
    signal.throwIfAborted()
    return pending === null ? { prepared } : closing(prepared, { pending, isFinal: true })
  } catch (thrown) {
    prepared?.close()
    if (isAbort(thrown) || isDatabaseError(thrown)) throw thrown
    const error = coerceError(thrown)
    if (error.kind === 'transient') return { later: error.message }
    const reasons = [error.message, ...error.details, ...(error.hint === undefined ? [] : [error.hint])]
    return { pending: toFaultyNow(ports, text, reasons), isFinal: false }
  }
}

export function toFaultyNow({ clock }: ReloadPorts, text: string, reasons: string[]): PendingConfig {
  return toFaulty(text, reasons, fromMs(clock.now()))
}

/** Every mistake that can be seen without asking anybody. */
function findMistakes({ file, env }: ReloadPorts, text: string): string[] {
  return checkConfig(file, text, env).complaints.map(
    (one) => `${file}:${one.line}:${one.column} ${one.path}: ${one.message}`,
  )
}

function weigh(
  ports: ReloadPorts,
  store: Store,
  before: Config,
  next: Prepared,
): Promise<PendingConfig | null> {
  return weighChange(store, before, next, { now: fromMs(ports.clock.now()), pause: () => ports.pause() })
}

function closing<T>(prepared: Prepared, verdict: T): T {
  prepared.close()
  return verdict
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
  )
}
