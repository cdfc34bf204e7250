// A daemon whose connectors.yml may be changed while it runs. A change is validated and looked at first: a faulty one leaves the
// last good one in force, a small one goes live, one that would touch many contacts, or any campaign, waits for `tajo approve`.
// Going live is an end and a start in one process, so all that holds for a restart holds for it: nothing is lost or doubled.
import { checkConfig } from '../config/load.ts'
import type { Config } from '../config/config.ts'
import type { Daemon } from './daemon.ts'
import type { Clock } from '../lib/time/clock.ts'
import { coerceError, isAbort, TajoError } from '../lib/errors.ts'
import type { Log } from '../lib/log/log.ts'
import { fromMs } from '../model/time.ts'
import { fingerprint } from '../dry-run/report.ts'
import {
  clearApproval,
  type PendingConfig,
  readApproved,
  readInForce,
  readPending,
  writeInForce,
  writePending,
} from '../state/reading/applied-config.ts'
import { isDatabaseError, isDiskFull } from '../state/db/sqlite.ts'
import type { Store } from '../state/store.ts'
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
type Verdict =
  | { prepared: Prepared }
  | { pending: PendingConfig; isFinal: boolean }
  /** One of the two sides can't be asked now. */
  | { later: string }

/** Between two looks at the file. */
const LOOK_EVERY_MS = 1_000
/** A text is taken once so many looks have shown it as it is. */
const STILL_LOOKS = 3
/** Where one of them could not be asked. */
const ASK_AGAIN_MS = 60_000
/** Between two looks for room on a disk that was full. */
const ROOM_AGAIN_MS = 15_000

export async function startReloading(ports: ReloadPorts): Promise<Pick<Daemon, 'ended' | 'stop'>> {
  const { file, clock, log } = ports
  const stopping = new AbortController()
  /** What was in force before, for the case that what goes live turns out not to work. */
  let previous: string | null = null
  /** Found before there was a daemon whose state could note it. */
  let foundAtStart: PendingConfig | null = null
  let current = await chooseFirst()
  let daemon = startCurrent()
  note(foundAtStart, { isStart: true })

  function startCurrent(): Daemon {
    const { text } = current
    let isNoted = false
    const started = current.start(() => {
      if (isNoted) return
      isNoted = true
      const { store } = started.engine
      store.transaction(() => {
        writeInForce(store, text)
        clearApproval(store)
      })
    })
    return started
  }

  /** After a restart, a change that waits for an approval waits on, and a faulty file leaves in force what was. */
  async function chooseFirst(): Promise<Prepared> {
    const text = ports.read()
    const kept = await ports.peek((store) => readInForce(store))
    if (text === null || kept === null || kept === text) return ports.prepare(text ?? '')
    const before = checkConfig(file, kept, ports.env).config
    const complaints = toPlaces(text)
    if (complaints.length > 0 && before !== null) {
      foundAtStart = faulty(text, complaints)
      return ports.prepare(kept)
    }
    const prepared = ports.prepare(text)
    if (before === null) {
      if ((await ports.peek((store) => readApproved(store))) === fingerprint(text)) return prepared
      prepared.close()
      throw new TajoError(
        'config_invalid',
        `${file} was changed, and what was in force before can't be read by this version of tajo, so the two can't be compared.`,
        {
          hint: 'See what the file does: tajo plan. If that is right: tajo sync NAME (for one of your connectors), and then tajo start.',
        },
      )
    }
    foundAtStart = await ports.peek((store) => weigh(store, before, prepared))
    previous = kept
    if (foundAtStart === null) return prepared
    prepared.close()
    return ports.prepare(kept)
  }

  /** Every mistake that can be seen without asking anybody. */
  function toPlaces(text: string): string[] {
    return checkConfig(file, text, ports.env).complaints.map(
      (one) => `${file}:${one.line}:${one.column} ${one.path}: ${one.message}`,
    )
  }

  function weigh(store: Store, before: Config, next: Prepared): Promise<PendingConfig | null> {
    return weighChange(store, before, next, { now: fromMs(clock.now()), pause: () => ports.pause() })
  }

  function faulty(text: string, reasons: string[]): PendingConfig {
    return toFaulty(text, reasons, fromMs(clock.now()))
  }

  /** What is to be done with a text; `prepared` where it goes live. */
  async function judge(text: string, signal: AbortSignal): Promise<Verdict> {
    const places = toPlaces(text)
    if (places.length > 0) return { pending: faulty(text, places), isFinal: true }
    let prepared: Prepared | null = null
    try {
      prepared = ports.prepare(text)
      // Who ends the daemon does not wait for an API that does not answer.
      const complaints = await Promise.race([ports.check(prepared), untilAborted(signal)])
      // What is missing outside the file may be put right there: looked at again.
      if (complaints.length > 0)
        return closing(prepared, { pending: faulty(text, complaints), isFinal: false })
      const pending = await weigh(daemon.engine.store, current.config, prepared)
      signal.throwIfAborted()
      return pending === null ? { prepared } : closing(prepared, { pending, isFinal: true })
    } catch (thrown) {
      prepared?.close()
      if (isAbort(thrown) || isDatabaseError(thrown)) throw thrown
      const error = coerceError(thrown)
      if (error.kind === 'transient') return { later: error.message }
      const reasons = [error.message, ...error.details, ...(error.hint === undefined ? [] : [error.hint])]
      return { pending: faulty(text, reasons), isFinal: false }
    }
  }

  function closing<T>(prepared: Prepared, verdict: T): T {
    prepared.close()
    return verdict
  }

  function note(pending: PendingConfig | null, { isStart } = { isStart: false }): void {
    const { store } = daemon.engine
    const before = readPending(store)
    const isNews = before?.sha256 !== pending?.sha256 || String(before?.reasons) !== String(pending?.reasons)
    if (!isNews && !isStart) return
    store.transaction(() => {
      writePending(store, pending)
      if (pending === null) clearApproval(store)
    })
    if (pending?.state === 'faulty')
      log.error('connectors.yml was changed and has mistakes; the last good one stays in force', {
        mistakes: pending.reasons,
      })
    if (pending?.state === 'waiting')
      log.warn('connectors.yml was changed, and waits for approval; the one before stays in force', {
        why: pending.reasons,
        hint: 'tajo approve',
      })
  }

  /** Resolves with what is to go live. `refused`: it went live, and did not work. */
  async function nextConfig(refused: string | null, signal: AbortSignal): Promise<Prepared> {
    let judged = refused === null ? '' : keyOf(refused)
    let askAgainAt = 0
    let asked: string | null = null
    let seen = current.text
    let looks = 0
    for (;;) {
      await clock.sleep(LOOK_EVERY_MS, signal)
      const text = ports.read()
      // Half of what an editor writes is no change yet.
      if (text === null || text !== seen) {
        seen = text ?? seen
        looks = 1
        continue
      }
      looks += 1
      if (text !== current.text && looks < STILL_LOOKS) continue
      if (text === current.text) {
        note(null)
        judged = ''
        continue
      }
      if (keyOf(text) === judged || (seen === asked && clock.monotonic() < askAgainAt)) continue
      asked = text
      const verdict = await judge(text, signal)
      if ('prepared' in verdict) return verdict.prepared
      if ('later' in verdict) {
        askAgainAt = clock.monotonic() + ASK_AGAIN_MS
        log.warn('connectors.yml was changed, and can’t be checked just now; the one before stays in force', {
          reason: verdict.later,
        })
        continue
      }
      note(verdict.pending)
      if (verdict.isFinal) judged = keyOf(text)
      else askAgainAt = clock.monotonic() + ASK_AGAIN_MS
    }
  }

  /** A text, and whether it was approved since. */
  function keyOf(text: string): string {
    const sha256 = fingerprint(text)
    return `${sha256} ${readApproved(daemon.engine.store) === sha256}`
  }

  async function run(): Promise<void> {
    let refused: string | null = null
    for (;;) {
      const watching = new AbortController()
      const ended = daemon.ended.then(
        () => null,
        (thrown: unknown) => ({ thrown }),
      )
      const watched = nextConfig(refused, watching.signal).then(
        (next) => ({ next }),
        // Whatever goes wrong with watching, but an end on request.
        (thrown: unknown) => ({ next: null, failure: isAbort(thrown) ? null : { thrown } }),
      )
      await Promise.race([ended, watched])
      watching.abort()
      daemon.stop()
      const failure = await ended
      const { next, ...rest } = await watched
      current.close()
      if (stopping.signal.aborted || (failure === null && next === null)) {
        next?.close()
        const thrown = failure ?? ('failure' in rest ? rest.failure : null)
        if (thrown !== null) throw thrown.thrown
        return
      }
      if (failure !== null && isDiskFull(failure.thrown)) {
        next?.close()
        await startWhereThereIsRoom()
        continue
      }
      const back = failure === null ? null : comeBack(failure.thrown)
      if (failure !== null && back === null) {
        next?.close()
        throw failure.thrown
      }
      refused = back === null ? null : current.text
      if (back === null) previous = current.text
      else next?.close()
      current = back ?? next!
      daemon = startCurrent()
      note(back === null ? null : faulty(refused!, toReasons(failure!.thrown)))
      if (stopping.signal.aborted) daemon.stop()
      else if (back === null) log.info('connectors.yml was changed, and is in force now')
    }
  }

  /** What could not be written was not begun either: the daemon starts anew, as after a restart, once there is room. */
  async function startWhereThereIsRoom(): Promise<void> {
    log.error('The disk is full; nothing is read or sent until there is room', {
      hint: 'Make room on the disk of the state. tajo goes on by itself.',
    })
    for (;;) {
      await clock.sleep(ROOM_AGAIN_MS, stopping.signal)
      current = ports.prepare(current.text)
      try {
        daemon = startCurrent()
        return log.info('There is room on the disk again')
      } catch (thrown) {
        current.close()
        if (!isDiskFull(thrown)) throw thrown
      }
    }
  }

  /** A configuration that turns out not to work, once it is in force, gives way to the one before. */
  function comeBack(thrown: unknown): Prepared | null {
    if (!(thrown instanceof TajoError) || thrown.kind !== 'config' || previous === null) return null
    log.error('The changed connectors.yml does not work; the one before is in force again', {
      reason: thrown.message,
      details: thrown.details,
    })
    const text = previous
    previous = null
    return ports.prepare(text)
  }

  return {
    ended: run(),
    stop() {
      stopping.abort()
      daemon.stop()
    },
  }
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
  )
}

function toReasons(thrown: unknown): string[] {
  const error = coerceError(thrown)
  return [error.message, ...error.details]
}
