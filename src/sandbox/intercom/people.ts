// Who writes, and how Intercom names them; dates are whole Unix seconds.
import type { World } from '../shop/world.ts'

/** Contacts have ids of their own kind: 24 hexadecimal digits. */
export function toContactId(id: number): string {
  return id.toString(16).padStart(24, '0')
}

/** 0: nobody's. */
export function readContactId(text: string): number {
  return /^[0-9a-f]{24}$/.test(text) ? Number.parseInt(text, 16) : 0
}

export const toSeconds = (micros: number): number => Math.floor(micros / 1_000_000)

export function toContactAuthor(world: World, customerId: number) {
  const customer = world.customers.get(customerId)
  return {
    type: 'user',
    id: toContactId(customerId),
    name: customer?.name ?? null,
    email: customer?.email ?? null,
  }
}

export function toAdminAuthor(world: World, id: number) {
  const admin = world.users.find((one) => one.id === id) ?? world.users[0]
  return { type: 'admin', id: String(id), name: admin?.name ?? null, email: admin?.email ?? null }
}
