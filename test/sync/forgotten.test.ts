// Whoever was forgotten comes back from the helpdesk as a number: of all that a customer can carry nothing personal is kept.
import { expect, it } from '@jest/globals'

import type { Customer } from '../../src/model/records.ts'
import { withoutForgotten } from '../../src/sync/ingest/forgotten.ts'

const store = { forgotten: { has: (email: string) => email === 'jane@example.com' } }
const customer: Required<Customer> = {
  kind: 'customer',
  id: '7',
  email: 'jane@example.com',
  name: 'Jane',
  firstname: 'Jane',
  lastname: 'Doe',
  language: 'en',
  timezone: 'UTC',
  externalId: 'shop-7',
  note: 'likes tea',
  createdAt: 1,
  updatedAt: 2,
  version: '2',
  customFields: { tier: 'gold' },
  data: { loyalty: 1 },
  phone: '+16502530000',
  stub: false,
}

it('keeps what is no person', () => {
  const kept = Object.entries(withoutForgotten(store, customer)).filter(
    ([, value]) => value !== null && JSON.stringify(value) !== '{}',
  )
  expect(kept.map(([name]) => name).sort()).toEqual([
    'createdAt',
    'id',
    'kind',
    'stub',
    'updatedAt',
    'version',
  ])
})

it('does not say of a phone that it is none where none was told', () => {
  const { phone: _, ...rest } = customer
  expect(withoutForgotten(store, rest)).not.toHaveProperty('phone')
})
