// A daemon whose connectors.yml may be changed while it runs. A change is validated and looked at first: a faulty one leaves the
// last good one in force, a small one goes live, one that would touch many contacts, or any campaign, waits for `tajo approve`.
// Going live is an end and a start in one process, so all that holds for a restart holds for it: nothing is lost or doubled.
import type { Daemon } from '../daemon.ts'
import { coerceError, isAbort, TajoError } from '../../lib/errors.ts'
import { fingerprint } from '../../dry-run/report.ts'
import {
  clearApproval,
  type PendingConfig,
  readApproved,
  readPending,
  writeInForce,
  writePending,
} from '../../state/reading/applied-config.ts'
import { isDiskFull } from '../../state/db/sqlite.ts'
import { chooseFirst, type First, judge, type Prepared, type ReloadPorts, toFaultyNow } from './change.ts'

export type { Prepared, ReloadPorts } from './change.ts'

/** Between two looks at the file. */
const LOOK_EVERY_MS = 1_000
/** A text is taken once so many looks have shown it as it is. */
const STILL_LOOKS = 3
/** Where one of them could not be asked. */
const ASK_AGAIN_MS = 60_000
/** Between two looks for room on a disk that was full. */
const ROOM_AGAIN_MS = 15_000

export async function startReloading(ports: ReloadPorts): Promise<Pick<Daemon, 'ended' | 'stop'>> {
  const reloading = new Reloading(ports, await chooseFirst(ports))
  return { ended: reloading.run(), stop: () => reloading.stop() }
}

/** How a daemon ended. */
interface Ended {
  /** Null: it was stopped. */
  failure: { thrown: unknown } | null
  /** What is to go live instead. */
  next: Prepared | null
  /** The file could not be watched any more. */
  broken: { thrown: unknown } | null
}

class Reloading {
  readonly #ports: ReloadPorts
  readonly #stopping = new AbortController()
  #current: Prepared
  #daemon: Daemon
  /** What was in force before, for the case that what goes live turns out not to work. */
  #previous: string | null
  /** What went live, and did not work. */
  #refused: string | null = null

  constructor(ports: ReloadPorts, { prepared, previous, found }: First) {
    this.#ports = ports
    this.#current = prepared
    this.#previous = previous
    this.#daemon = this.#startCurrent()
    this.#note(found, { isStart: true })
  }

  stop(): void {
    this.#stopping.abort()
    this.#daemon.stop()
  }

  async run(): Promise<void> {
    for (;;) {
      const { failure, next, broken } = await this.#untilEnded()
      this.#current.close()
      if (this.#stopping.signal.aborted || (failure === null && next === null)) {
        next?.close()
        if ((failure ?? broken) !== null) throw (failure ?? broken)!.thrown
        return
      }
      if (failure === null) this.#goLive(next!)
      else {
        next?.close()
        if (!isDiskFull(failure.thrown)) this.#comeBack(failure.thrown)
        else if (!(await this.#startWhereThereIsRoom())) return
      }
      if (this.#stopping.signal.aborted) this.#daemon.stop()
    }
  }

  /** Until the daemon ends, or something else is to go live. */
  async #untilEnded(): Promise<Ended> {
    const watching = new AbortController()
    const ended = this.#daemon.ended.then(
      () => null,
      (thrown: unknown) => ({ thrown }),
    )
    const watched = this.#nextConfig(watching.signal).then(
      (next) => ({ next, broken: null }),
      // Whatever goes wrong with watching, but an end on request.
      (thrown: unknown) => ({ next: null, broken: isAbort(thrown) ? null : { thrown } }),
    )
    await Promise.race([ended, watched])
    watching.abort()
    this.#daemon.stop()
    return { failure: await ended, ...(await watched) }
  }

  #startCurrent(): Daemon {
    const { text } = this.#current
    let isNoted = false
    const started = this.#current.start(() => {
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

  #goLive(next: Prepared): void {
    this.#refused = null
    this.#previous = this.#current.text
    this.#current = next
    this.#daemon = this.#startCurrent()
    this.#note(null)
    if (!this.#stopping.signal.aborted)
      this.#ports.log.info('connectors.yml was changed, and is in force now')
  }

  /** A configuration that turns out not to work, once it is in force, gives way to the one before. */
  #comeBack(thrown: unknown): void {
    if (!(thrown instanceof TajoError) || thrown.kind !== 'config' || this.#previous === null) throw thrown
    this.#ports.log.error('The changed connectors.yml does not work; the one before is in force again', {
      reason: thrown.message,
      details: thrown.details,
    })
    this.#refused = this.#current.text
    this.#current = this.#ports.prepare(this.#previous)
    this.#previous = null
    this.#daemon = this.#startCurrent()
    this.#note(toFaultyNow(this.#ports, this.#refused, toReasons(thrown)))
  }

  /**
   * What could not be written was not begun either: the daemon starts anew, as after a restart, once there is room. False: it was stopped
   * before that.
   */
  async #startWhereThereIsRoom(): Promise<boolean> {
    const { log, clock } = this.#ports
    log.error('The disk is full; nothing is read or sent until there is room', {
      hint: 'Make room on the disk of the state. tajo goes on by itself.',
    })
    for (;;) {
      await clock.sleep(ROOM_AGAIN_MS, this.#stopping.signal).catch((thrown: unknown) => {
        if (!isAbort(thrown)) throw thrown
      })
      if (this.#stopping.signal.aborted) return false
      this.#current = this.#ports.prepare(this.#current.text)
      try {
        this.#daemon = this.#startCurrent()
        log.info('There is room on the disk again')
        return true
      } catch (thrown) {
        this.#current.close()
        if (!isDiskFull(thrown)) throw thrown
      }
    }
  }

  #note(pending: PendingConfig | null, { isStart } = { isStart: false }): void {
    const { store } = this.#daemon.engine
    const before = readPending(store)
    const isNews = before?.sha256 !== pending?.sha256 || String(before?.reasons) !== String(pending?.reasons)
    if (!isNews && !isStart) return
    store.transaction(() => {
      writePending(store, pending)
      if (pending === null) clearApproval(store)
    })
    if (pending?.state === 'faulty')
      this.#ports.log.error('connectors.yml was changed and has mistakes; the last good one stays in force', {
        mistakes: pending.reasons,
      })
    if (pending?.state === 'waiting')
      this.#ports.log.warn(
        'connectors.yml was changed, and waits for approval; the one before stays in force',
        {
          why: pending.reasons,
          hint: 'tajo approve',
        },
      )
  }

  /** Resolves with what is to go live. */
  async #nextConfig(signal: AbortSignal): Promise<Prepared> {
    const { clock, log } = this.#ports
    let judged = this.#refused === null ? '' : this.#keyOf(this.#refused)
    let askAgainAt = 0
    let asked: string | null = null
    let seen = this.#current.text
    let looks = 0
    for (;;) {
      await clock.sleep(LOOK_EVERY_MS, signal)
      const text = this.#ports.read()
      // Half of what an editor writes is no change yet.
      if (text === null || text !== seen) {
        seen = text ?? seen
        looks = 1
        continue
      }
      looks += 1
      if (text === this.#current.text) {
        this.#note(null)
        judged = ''
        continue
      }
      const isAskedLater = seen === asked && clock.monotonic() < askAgainAt
      if (looks < STILL_LOOKS || this.#keyOf(text) === judged || isAskedLater) continue
      asked = text
      const { store } = this.#daemon.engine
      const verdict = await judge(this.#ports, text, { store, config: this.#current.config }, signal)
      if ('prepared' in verdict) return verdict.prepared
      const isFinal = 'pending' in verdict && verdict.isFinal
      if (!isFinal) askAgainAt = clock.monotonic() + ASK_AGAIN_MS
      if ('later' in verdict)
        log.warn('connectors.yml was changed, and can’t be checked just now; the one before stays in force', {
          reason: verdict.later,
        })
      else {
        this.#note(verdict.pending)
        if (isFinal) judged = this.#keyOf(text)
      }
    }
  }

  /** A text, and whether it was approved since. */
  #keyOf(text: string): string {
    const sha256 = fingerprint(text)
    return `${sha256} ${readApproved(this.#daemon.engine.store) === sha256}`
  }
}

function toReasons(thrown: unknown): string[] {
  const error = coerceError(thrown)
  return [error.message, ...error.details]
}
