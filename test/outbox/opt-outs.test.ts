// Whoever was blocked, or had left a list, stays so under any address: customers that swap addresses, follow each other, share.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { LISTS } from '../simulation/account.ts'
import { openVirtualShop, type VirtualShop } from '../support/virtual.ts'

let shop: VirtualShop
let ids: Record<string, number>
beforeEach(() => {
  shop = openVirtualShop()
  ids = {}
})
afterEach(() => shop.close())

const address = (name: string): string => `${name}@example.com`
const contact = (name: string) => shop.account.contacts.get(address(name))
const isIn = (name: string): boolean => contact(name)!.lists.has(LISTS.support)
const isBlocked = (name: string): boolean => contact(name)!.emailBlacklisted

/** Customers, each at an address of the same name, with a ticket: all are in the list of those who were in support. */
async function people(...names: string[]): Promise<void> {
  for (const name of names) add(name)
  await shop.sync()
}

function add(name: string, at = name): void {
  ids[name] = shop.world.addCustomer({ email: address(at), name }).id
  shop.world.addTicket({ customerId: ids[name] })
}

function sayNo(at: string): void {
  contact(at)!.emailBlacklisted = true
  shop.account.leaveList(address(at), LISTS.support)
}

function move(name: string, to: string | null): void {
  shop.world.changeCustomer(ids[name]!, { email: to === null ? null : address(to) })
}

describe('addresses that change in one run', () => {
  it('in a row: the contacts follow each other, and only what was said no to goes along', async () => {
    await people('a', 'b')
    const [a, b] = [contact('a')!.id, contact('b')!.id]
    sayNo('a')
    move('b', 'x')
    move('a', 'b')

    await shop.sync()

    expect(contact('a')).toBeUndefined()
    expect([contact('b')!.id, contact('x')!.id]).toEqual([a, b])
    expect([isBlocked('b'), isIn('b')]).toEqual([true, false])
    expect([isBlocked('x'), isIn('x')]).toEqual([false, true])
  })

  it.each([
    ['the first', 'a'],
    ['the second', 'b'],
  ])('in a swap, where %s had said no', async (_, who) => {
    await people('a', 'b')
    sayNo(who)
    move('a', 'b')
    move('b', 'a')

    await shop.sync()

    const now = who === 'a' ? 'b' : 'a'
    expect([isBlocked(now), isIn(now)]).toEqual([true, false])
    // The contact itself is not put back, either.
    expect([isBlocked(who), isIn(who)]).toEqual([true, false])
  })

  it('in a circle', async () => {
    await people('a', 'b', 'c')
    sayNo('b')
    move('a', 'b')
    move('b', 'c')
    move('c', 'a')

    await shop.sync()

    expect([isBlocked('c'), isIn('c')]).toEqual([true, false])
    expect([isBlocked('a'), isIn('a')]).toEqual([false, true])
  })

  it('there and back, through the address of somebody who left it', async () => {
    await people('a', 'b')
    const [a, b] = [contact('a')!.id, contact('b')!.id]
    sayNo('a')
    // Read in between, while Brevo takes nothing.
    shop.meet((request) => (request.url.includes('brevo') ? 'server_error' : null))
    move('b', 'x')
    move('a', 'b')
    await shop.sync({ patienceMs: 0 }).catch(() => undefined)
    move('a', 'a')
    await shop.sync({ patienceMs: 0 }).catch(() => undefined)
    shop.meet(() => null)
    await shop.pass(30)

    await shop.sync()

    expect([contact('a')!.id, contact('x')!.id]).toEqual([a, b])
    expect([isBlocked('a'), isIn('a')]).toEqual([true, false])
    expect([isBlocked('x'), isIn('x')]).toEqual([false, true])
  })

  it('through an address that somebody else took meanwhile', async () => {
    await people('a', 'b')
    sayNo('a')
    move('a', 'b')
    move('a', 'y')
    move('b', 'a')

    await shop.sync()

    expect([isBlocked('y'), isIn('y')]).toEqual([true, false])
  })
})

describe('a contact that cannot follow', () => {
  it('because the new address is somebody’s', async () => {
    await people('a', 'b')
    sayNo('a')
    move('a', 'b')

    await shop.sync()

    expect([isBlocked('b'), isIn('b')]).toEqual([true, false])
  })

  it('because Brevo has another one there, which was put into the list by hand', async () => {
    await people('a')
    sayNo('a')
    shop.account.write(address('b'), { listIds: [LISTS.support] })
    move('a', 'b')

    await shop.sync()

    // What somebody did there by hand is not tajo's to take away.
    expect([isBlocked('b'), isIn('b')]).toEqual([true, true])
  })

  it('because somebody stays at the old address', async () => {
    add('a')
    add('partner', 'a')
    await shop.sync()
    sayNo('a')
    move('a', 'b')

    await shop.sync()

    expect([isBlocked('b'), isIn('b')]).toEqual([true, false])
    expect([isBlocked('a'), isIn('a')]).toEqual([true, false])
  })

  it('because those who shared an address part', async () => {
    add('a')
    add('partner', 'a')
    await shop.sync()
    sayNo('a')
    move('a', 'b')
    move('partner', 'c')

    await shop.sync()

    expect([isBlocked('b'), isIn('b')]).toEqual([true, false])
    expect([isBlocked('c'), isIn('c')]).toEqual([true, false])
  })

  it('because tajo had not written it: Brevo knew the person before', async () => {
    shop.account.write(address('a'), { listIds: [LISTS.support] })
    sayNo('a')
    const written = shop.killAt((request) => request.method === 'POST' && request.url.endsWith('/contacts'))
    add('a')
    await written
    move('a', 'b')

    await shop.sync()

    expect([isBlocked('b'), isIn('b')]).toEqual([true, false])
  })
})

it('a person without an address for a while is still the one who said no', async () => {
  await people('a')
  sayNo('a')
  move('a', null)
  await shop.sync()
  move('a', 'b')

  await shop.sync()

  expect([isBlocked('b'), isIn('b')]).toEqual([true, false])
})

it('somebody else who takes the address meanwhile does not hide it', async () => {
  add('a')
  add('partner', 'a')
  await shop.sync()
  sayNo('a')
  move('partner', null)
  await shop.sync()
  move('a', 'x')
  await shop.sync()
  move('partner', 'y')

  await shop.sync()

  expect([isBlocked('x'), isIn('x')]).toEqual([true, false])
  expect([isBlocked('y'), isIn('y')]).toEqual([true, false])
})

it('what was carried on is carried on again', async () => {
  await people('a', 'b', 'c')
  sayNo('a')
  move('a', 'b')
  await shop.sync()
  move('a', 'c')

  await shop.sync()

  expect([isBlocked('c'), isIn('c')]).toEqual([true, false])
})

it('an answer that was lost on the way costs nothing of it', async () => {
  await people('a', 'b')
  sayNo('a')
  move('a', 'b')
  move('b', 'a')
  await shop.killAt(
    (request) => request.method === 'PUT' && (request.body ?? '').includes('emailBlacklisted'),
  )

  await shop.sync()

  expect([isBlocked('b'), isIn('b')]).toEqual([true, false])
})
