// Which connectors.yml is in force, which one waits, and which one a person has approved.
import type { Store } from './store.ts'

const IN_FORCE = 'config_in_force'
const PENDING = 'config_pending'
const APPROVED = 'config_approved'

/** A changed connectors.yml that is not in force. */
export interface PendingConfig {
  /** `waiting` for `tajo approve`, or `faulty`. */
  state: 'waiting' | 'faulty'
  /** Of its text. */
  sha256: string
  at: string
  reasons: string[]
  contacts: { change: number; of: number } | null
}

type Meta = Pick<Store, 'meta'>

/** The text; null where none was ever in force. */
export const readInForce = ({ meta }: Meta): string | null => meta.read(IN_FORCE)

export function writeInForce({ meta }: Meta, text: string): void {
  meta.write(IN_FORCE, text)
}

export const readPending = ({ meta }: Meta): PendingConfig | null =>
  JSON.parse(meta.read(PENDING) ?? 'null') as PendingConfig | null

export function writePending({ meta }: Meta, pending: PendingConfig | null): void {
  if (pending === null) meta.remove(PENDING)
  else meta.write(PENDING, JSON.stringify(pending))
}

export const readApproved = ({ meta }: Meta): string | null => meta.read(APPROVED)

/** What was approved is in force, or was taken back: an approval is for one time. */
export function clearApproval({ meta }: Meta): void {
  meta.remove(APPROVED)
}

export function approve({ meta }: Meta, sha256: string): void {
  meta.write(APPROVED, sha256)
}
