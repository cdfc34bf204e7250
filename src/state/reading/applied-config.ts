// Which connectors.yml is in force, which one waits, and which one a person has approved.
import { META, type PendingConfig } from '../meta.ts'
import type { Store } from '../store.ts'

export type { PendingConfig } from '../meta.ts'

type Meta = Pick<Store, 'meta'>

/** The text; null where none was ever in force. */
export const readInForce = ({ meta }: Meta): string | null => meta.get(META.configInForce)

export function writeInForce({ meta }: Meta, text: string): void {
  meta.set(META.configInForce, text)
}

export const readPending = ({ meta }: Meta): PendingConfig | null => meta.get(META.configPending)

export function writePending({ meta }: Meta, pending: PendingConfig | null): void {
  if (pending === null) meta.remove(META.configPending)
  else meta.set(META.configPending, pending)
}

export const readApproved = ({ meta }: Meta): string | null => meta.get(META.configApproved)

/** What was approved is in force, or was taken back: an approval is for one time. */
export function clearApproval({ meta }: Meta): void {
  meta.remove(META.configApproved)
}

export function approve({ meta }: Meta, sha256: string): void {
  meta.set(META.configApproved, sha256)
}
