import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'

import { normalizeEmail } from '../../src/model/email.ts'
import { toE164 } from '../../src/model/phone.ts'
import { firstResponseAt } from '../../src/model/profile.ts'
import { toEventId } from '../../src/model/occurrence.ts'
import { toSlug } from '../../src/model/records.ts'

describe('an e-mail address', () => {
  it('is trimmed and lower-cased, once and for all', () => {
    expect(normalizeEmail('  Jane@Example.COM ')).toBe('jane@example.com')
    fc.assert(
      fc.property(fc.emailAddress(), (email) => {
        const once = normalizeEmail(email)
        expect(normalizeEmail(once)).toBe(once)
      }),
    )
  })

  it.each([
    ['"Jane Doe"@example.com', '"jane doe"@example.com'],
    ['"j@ne"@example.com', '"j@ne"@example.com'],
    ['jane..doe.@docomo.ne.jp', 'jane..doe.@docomo.ne.jp'],
    ['jane@example.com.', 'jane@example.com'],
    ['jane@xn--bcher-kva.example', 'jane@xn--bcher-kva.example'],
  ])('may be odd: %s', (raw, email) => {
    expect(normalizeEmail(raw)).toBe(email)
  })

  it.each([
    '""@example.com',
    '"a\n"@example.com',
    '"a"b@example.com',
    '',
    'jane',
    'jane@',
    '@example.com',
    'a b@example.com',
    'a@b',
    'a@b@c.de',
    'a\n@example.com',
    'x,y@example.com',
    null,
    7,
  ])('is none in %j', (raw) => {
    expect(normalizeEmail(raw)).toBeNull()
  })
})

describe('a phone number', () => {
  it('is E.164, national ones as of the default country', () => {
    expect(toE164('06 12 34 56 78', 'FR')).toBe('+33612345678')
    expect(toE164('+1 (212) 555-0142', 'FR')).toBe('+12125550142')
  })

  it('is none where it is not valid, or where the country is not known', () => {
    expect(toE164('0719908543', undefined)).toBeNull()
    expect(toE164('12', 'FR')).toBeNull()
    expect(toE164('hello', 'FR')).toBeNull()
  })
})

describe('the first response', () => {
  const at = (author: string, createdAt: number) => ({ author, createdAt })

  it('comes from a person after the customer has spoken', () => {
    expect(firstResponseAt([at('agent', 1), at('customer', 2), at('agent', 3), at('agent', 4)])).toBe(3)
    expect(firstResponseAt([at('agent', 1), at('agent', 2)])).toBeNull()
    expect(firstResponseAt([at('customer', 1)])).toBeNull()
  })
})

describe('the id of an event', () => {
  it('differs by account, type and occurrence, and never by anything else', () => {
    const id = toEventId('shop.gorgias.com', 'ticket.closed', '42')

    expect(id).toBe('beebe8b6-11dc-507e-b256-bf6a54b5cab3')
    expect(toEventId('other.gorgias.com', 'ticket.closed', '42')).not.toBe(id)
    expect(toEventId('shop.gorgias.com', 'ticket.reopened', '42')).not.toBe(id)
    expect(toEventId('shop.gorgias.com', 'ticket.closed', '43')).not.toBe(id)
  })
})

describe('a slug', () => {
  it('is the label as a key', () => {
    expect(toSlug('Customer type')).toBe('customer_type')
    expect(toSlug('  VIP-Status (new)! ')).toBe('vip_status_new')
    expect(toSlug('Größe')).toBe('gro_e')
    expect(toSlug('Évaluation')).toBe('evaluation')
  })
})
