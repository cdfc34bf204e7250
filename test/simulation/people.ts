// Customers of the simulation who have an address in common.
import type { World, WorldCustomer } from '../../src/sandbox/shop/world.ts'
import { OWN_ADDRESS } from './account.ts'
import type { Dice } from './dice.ts'

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

/** Some have none, some the shop's own, some that of somebody else. */
export function drawEmail(
  share: number,
  dice: Dice,
  others: readonly WorldCustomer[],
  number: number,
): string | null {
  if (share < 0.06) return null
  if (share < 0.1) return OWN_ADDRESS
  return share < 0.16 && others.length > 0 ? dice.pick(others).email : `Person.${number}@Example.com`
}
