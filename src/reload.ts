// A daemon whose connectors.yml may be changed while it runs. A change is validated and looked at first: a faulty one leaves the
// last good one in force, a small one goes live, one that would touch many contacts, or any campaign, waits for `tajo approve`.
// Going live is an end and a start in one process, so all that holds for a restart holds for it: nothing is lost or doubled.
import { checkConfig } from './config/load.ts'
import type { Config } from './config/config.ts'
import type { Daemon } from './daemon.ts'
import type { Clock } from './lib/clock.ts'
import { coerceError, isAbort, TajoError } from './lib/errors.ts'
import type { Log } from './lib/log.ts'
import { fromMs, toIso } from './model/time.ts'
import { fingerprint } from './plan/rehearse.ts'
import { diffConfigs } from './plan/what-if.ts'
import {
  type PendingConfig,
  readApproved,
  readInForce,
  readPending,
  writeInForce,
  writePending,
} from './state/config.ts'
import type { Store } from './state/store.ts'

/** A text of connectors.yml with all that it needs to run: keys, ports. */
export interface Prepared {
  text: string
  config: Config
  start(): Daemon
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

/** Between two looks at the file. */
const LOOK_EVERY_MS = 1_000
/** Where one of them could not be asked. */
const ASK_AGAIN_MS = 60_000

export async function startReloading(ports: ReloadPorts): Promise<Pick<Daemon, 'ended' | 'stop'>> {
  const { file, clock, log } = ports
  const stopping = new AbortController()
  let current = await chooseFirst()
  let daemon = current.start()
  let previous: string | null = null
  noteInForce()

  function noteInForce(): void {
    const { store } = daemon.engine
    store.transaction(() => writeInForce(store, current.text))
  }

  /** After a restart, a change that waits for an approval waits on. */
  async function chooseFirst(): Promise<Prepared> {
    const text = ports.read()
    const prepared = ports.prepare(text ?? '')
    const kept = await ports.peek((store) => readInForce(store))
    const before = kept === null || kept === prepared.text ? null : checkConfig(file, kept, ports.env).config
    if (before === null) return prepared
    const pending = await ports.peek((store) => weigh(store, before, prepared))
    if (pending === null) return prepared
    log.warn('connectors.yml was changed, and waits for approval; the one before stays in force', {
      why: pending.reasons,
      hint: 'tajo approve',
    })
    prepared.close()
    return ports.prepare(kept!)
  }

  /** Null: it may go live. */
  async function weigh(store: Store, before: Config, next: Prepared): Promise<PendingConfig | null> {
    const sha256 = fingerprint(next.text)
    if (readApproved(store) === sha256) return null
    const diff = await diffConfigs(store, before, next.config, 0, () => ports.pause())
    const { change, same } = diff.contacts
    const limit =
      'count' in next.config.maxChange
        ? next.config.maxChange.count
        : next.config.maxChange.share * (change + same)
    const reasons = [
      ...(change > limit
        ? [`${change} of ${change + same} contacts would change (guards.max_change: ${Math.floor(limit)})`]
        : []),
      ...diff.campaigns.map((one) => `the campaign ${one.name} is ${one.change}`),
    ]
    if (reasons.length === 0) return null
    return {
      state: 'waiting',
      sha256,
      at: toIso(fromMs(clock.now())),
      reasons,
      contacts: { change, of: change + same },
    }
  }

  function faulty(text: string, reasons: string[]): PendingConfig {
    return {
      state: 'faulty',
      sha256: fingerprint(text),
      at: toIso(fromMs(clock.now())),
      reasons,
      contacts: null,
    }
  }

  /** What is to be done with a text; `prepared` where it goes live. */
  async function judge(text: string): Promise<PendingConfig | Prepared> {
    const checked = checkConfig(file, text, ports.env)
    if (checked.config === null)
      return faulty(
        text,
        checked.complaints.map((one) => `${file}:${one.line}:${one.column} ${one.path}: ${one.message}`),
      )
    let prepared: Prepared
    try {
      prepared = ports.prepare(text)
    } catch (thrown) {
      const error = coerceError(thrown)
      return faulty(text, [error.message, ...(error.hint === undefined ? [] : [error.hint])])
    }
    try {
      const complaints = await ports.check(prepared)
      const pending =
        complaints.length > 0
          ? faulty(text, complaints)
          : await weigh(daemon.engine.store, current.config, prepared)
      if (pending === null) return prepared
      prepared.close()
      return pending
    } catch (thrown) {
      prepared.close()
      throw thrown
    }
  }

  function note(pending: PendingConfig | null): void {
    const { store } = daemon.engine
    const before = readPending(store)
    if (
      JSON.stringify(before?.sha256) !== JSON.stringify(pending?.sha256) ||
      before?.state !== pending?.state
    )
      store.transaction(() => writePending(store, pending))
    if (pending === null || before?.sha256 === pending.sha256) return
    if (pending.state === 'faulty')
      log.error('connectors.yml was changed and has mistakes; the last good one stays in force', {
        mistakes: pending.reasons,
      })
    else
      log.warn('connectors.yml was changed, and waits for approval; the one before stays in force', {
        why: pending.reasons,
        hint: 'tajo approve',
      })
  }

  /** Resolves with what is to go live; null once `signal` aborts. */
  async function nextConfig(signal: AbortSignal): Promise<Prepared | null> {
    let judged = ''
    let askAgainAt = 0
    let seen = current.text
    for (;;) {
      await clock.sleep(LOOK_EVERY_MS, signal)
      const text = ports.read()
      // Half of what an editor writes is no change yet.
      if (text === null || text !== seen) {
        seen = text ?? seen
        continue
      }
      if (text === current.text) {
        note(null)
        continue
      }
      const key = `${fingerprint(text)} ${readApproved(daemon.engine.store) ?? ''}`
      if (key === judged || clock.monotonic() < askAgainAt) continue
      try {
        const verdict = await judge(text)
        if ('start' in verdict) return verdict
        judged = key
        note(verdict)
      } catch (thrown) {
        const error = coerceError(thrown)
        if (isAbort(thrown) || error.kind !== 'transient') throw thrown
        askAgainAt = clock.monotonic() + ASK_AGAIN_MS
        log.warn('connectors.yml was changed, and can’t be checked just now; the one before stays in force', {
          reason: error.message,
        })
      }
    }
  }

  async function run(): Promise<void> {
    for (;;) {
      const watching = new AbortController()
      const ended = daemon.ended.then(
        () => null,
        (thrown: unknown) => ({ thrown }),
      )
      const next = nextConfig(watching.signal).catch((thrown: unknown) => {
        if (isAbort(thrown)) return null
        daemon.stop()
        throw thrown
      })
      const first = await Promise.race([ended.then(() => null), next])
      watching.abort()
      if (first !== null) daemon.stop()
      const failure = await ended
      await next
      current.close()
      if (failure === null && (first === null || stopping.signal.aborted)) return first?.close()
      const back = failure === null ? null : comeBack(failure.thrown)
      if (failure === null) {
        previous = current.text
        current = first!
      } else if (back === null) throw failure.thrown
      else current = back
      daemon = current.start()
      if (back === null) noteInForce()
      note(null)
      if (stopping.signal.aborted) daemon.stop()
      else if (back === null) log.info('connectors.yml was changed, and is in force now')
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
