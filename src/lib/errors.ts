// One error class for everything that tajo tells a person about. The table below is the list of codes;
// docs/errors/ has a page for each, and a test keeps the two alike.

/**
 * What the one who meets the error does about it.
 * - `config`: the user mends the file or the command line (exit code 2).
 * - `fatal`: this connector stops; the others go on (exit code 1).
 * - `transient`: waited out and tried again.
 * - `record`: this one record is set aside, the rest goes on (exit code 3).
 * - `guard`: something was about to happen that nobody agreed to (exit code 4).
 */
export type ErrorKind = 'config' | 'fatal' | 'transient' | 'record' | 'guard'

export const ERROR_KINDS = {
  config_missing: 'config',
  config_invalid: 'config',
  usage: 'config',
  secret_missing: 'config',
  secret_unreadable: 'config',
  brevo_setup: 'config',
  server_port: 'config',
  unauthorized: 'config',
  package_missing: 'config',
  alert_untold: 'transient',
  destination_unusable: 'fatal',
  destination_refused: 'guard',
  daemon_unreachable: 'transient',
  plan_drifted: 'guard',
  state_locked: 'fatal',
  state_unusable: 'fatal',
  state_unsealed: 'transient',
  source_unauthorized: 'fatal',
  source_not_found: 'fatal',
  source_refused: 'fatal',
  source_out_of_order: 'fatal',
  source_unavailable: 'transient',
  source_unreadable: 'transient',
  source_cursor_refused: 'transient',
  source_cursor_loops: 'fatal',
  record_invalid: 'record',
  record_unavailable: 'record',
  brevo_unauthorized: 'fatal',
  brevo_unavailable: 'transient',
  brevo_refused: 'record',
  internal: 'fatal',
} as const satisfies Record<string, ErrorKind>

export type ErrorCode = keyof typeof ERROR_KINDS

export interface ErrorOptions {
  /** What to do next, as a sentence. */
  hint?: string
  /** How long the other side asked us to wait, in milliseconds. */
  retryAfterMs?: number
  /** Several complaints at once (configuration). */
  details?: readonly string[]
  cause?: unknown
}

/** An error that a person can act on. Its text never holds a secret, an e-mail address or a phone number. */
export class TajoError extends Error {
  readonly code: ErrorCode
  readonly kind: ErrorKind
  readonly hint: string | undefined
  readonly retryAfterMs: number | undefined
  readonly details: readonly string[]

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'TajoError'
    this.code = code
    this.kind = ERROR_KINDS[code]
    this.hint = options.hint
    this.retryAfterMs = options.retryAfterMs
    this.details = options.details ?? []
  }
}

/** Whatever was thrown, as a TajoError; what nobody foresaw becomes `internal`. */
export function coerceError(thrown: unknown): TajoError {
  if (thrown instanceof TajoError) return thrown
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return new TajoError('internal', message, { cause: thrown })
}

/** True for the rejection that an aborted `signal` causes: an end on request, not an error. */
export function isAbort(thrown: unknown): boolean {
  // Not by its class: it may come from another realm.
  return (thrown as { name?: unknown } | null | undefined)?.name === 'AbortError'
}
