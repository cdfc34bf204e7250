// What an import drops is learned from a first portion, and travels another way from then on.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { fitsFile } from '../../src/brevo/import.ts'
import type { ContactWrite } from '../../src/model/operations.ts'
import type { HttpRequest } from '../../src/lib/net/http.ts'
import { openVirtualShop, type VirtualShop } from '../support/virtual.ts'

const THRESHOLDS = { bulkFrom: 20, minImport: 2, trial: 2, batchFrom: 300, batchSize: 200 }

let shop: VirtualShop
let requests: HttpRequest[]
beforeEach(() => {
  shop = openVirtualShop(1, { thresholds: THRESHOLDS })
  requests = []
  shop.meet((request) => {
    if (request.url.includes('brevo')) requests.push(request)
    return null
  })
})
afterEach(() => shop.close())

/** Customers whose custom field Wholesale says no. */
function addCustomers(count: number, name = 'Ann'): string[] {
  const first = shop.account.contacts.size
  return Array.from({ length: count }, (_, index) => {
    const email = `customer${first + index}@example.com`
    const { id } = shop.world.addCustomer({ email, name, customFields: { 12: false } })
    shop.world.addTicket({ customerId: id })
    return email
  })
}

const imports = (key: string): number =>
  requests.filter(({ url, body }) => url.endsWith('/contacts/import') && body?.includes(key)).length
const singles = (): number =>
  requests.filter(({ method, url }) => method === 'PUT' && url.includes('/contacts/')).length

async function sync(): Promise<unknown[]> {
  requests = []
  await shop.sync()
  return [...shop.account.contacts.values()].map(({ attributes }) => attributes['WHOLESALE'])
}

describe('an import that drops false', () => {
  it('is found out by a first portion, and those values travel as a file', async () => {
    addCustomers(60)

    const held = await sync()

    expect(new Set(held)).toEqual(new Set([false]))
    expect([imports('jsonBody'), imports('fileBody')]).toEqual([1, 2])
    // Repaired: those from whom it was learned.
    expect(singles()).toBe(2)
  })

  it('is remembered', async () => {
    addCustomers(60)
    await sync()
    addCustomers(60)

    const held = await sync()

    expect(new Set(held)).toEqual(new Set([false]))
    expect([imports('jsonBody'), imports('fileBody'), singles()]).toEqual([0, 1, 0])
  })

  it('is repaired singly where a file drops it too, and where a file can not carry a text', async () => {
    shop.account.importDropsFalse.file = true
    addCustomers(30)
    expect(new Set(await sync())).toEqual(new Set([false]))

    shop.account.importDropsFalse.file = false
    addCustomers(30, 'Ann; or "Anna"')
    expect(new Set(await sync())).toEqual(new Set([false]))
    expect([...shop.account.contacts.values()].at(-1)!.attributes['FIRSTNAME']).toContain('Ann;')
  })

  it('never shifts the cells of a file by what stands in an address or a value', () => {
    const write = { email: 'ann@example.com', attributes: { FIRSTNAME: 'Ann' } } as unknown as ContactWrite
    expect(fitsFile(write)).toBe(true)
    expect(fitsFile({ ...write, email: '"a;b"@example.com' })).toBe(false)
    expect(fitsFile({ ...write, attributes: { FIRSTNAME: 'Ann;Lee' } })).toBe(false)
  })

  it('is not believed of one that carries everything', async () => {
    shop.account.importDropsFalse.json = false
    addCustomers(60)

    const held = await sync()

    expect(new Set(held)).toEqual(new Set([false]))
    expect([imports('fileBody'), singles()]).toEqual([0, 0])
  })
})

it('rows that an import swallows are found missing, and written singly', async () => {
  const emails = addCustomers(60)
  const importRow = shop.account.importRow.bind(shop.account)
  shop.account.importRow = (row, lists, isFile) => {
    if (!/[37]@/.test(String(row.email))) importRow(row, lists, isFile)
  }

  await sync()

  expect([...shop.account.contacts.keys()].sort()).toEqual([...emails].sort())
})

it('after a kill during an import the next process waits for its end before it begins another', async () => {
  addCustomers(60)
  shop.account.importDelayMs = 20 * 60_000
  await shop.killAt(({ url }) => url.includes('/processes/'))
  const running = (): number =>
    [...shop.account.processes.values()].filter(({ readyAt }) => readyAt > shop.universe.now).length
  const beside: number[] = []
  shop.meet(({ url }) => {
    if (url.endsWith('/contacts/import')) beside.push(running())
    return null
  })
  addCustomers(60)

  await shop.sync()

  expect(beside.length).toBeGreaterThan(0)
  expect(new Set(beside)).toEqual(new Set([0]))
})
