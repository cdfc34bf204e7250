// Customers of the simulation who have an address in common.
import type { World } from '../../src/sandbox/shop/world.ts'

export function customersAt(email: string, worlds: World[]): number[] {
  return worlds
    .flatMap((one) => [...one.customers.values()])
    .filter((one) => one.email?.toLowerCase() === email.toLowerCase())
    .map((one) => one.id)
}

/** Whoever shares an address shares its contact: these customers, and all who share an address with one of them. */
export function withSharing(customerIds: Iterable<number>, worlds: World[]): Set<number> {
  const ids = new Set(customerIds)
  for (const id of ids) {
    const email = worlds.map((one) => one.customers.get(id)?.email).find((one) => one != null)
    if (email != null) for (const other of customersAt(email, worlds)) ids.add(other)
  }
  return ids
}
