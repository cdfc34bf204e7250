import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'

import { backoffMs } from '../../../src/lib/net/backoff.ts'
import { createSeededRandom } from '../../../src/lib/random.ts'
import { Secret } from '../../../src/lib/log/secret.ts'
import { createRedactor, maskPersonal } from '../../../src/lib/log/redact.ts'

describe('the redactor', () => {
  it('cuts out a secret in each of its usual forms', () => {
    const redactor = createRedactor({ showPersonal: true })
    redactor.hide(new Secret('s3cr/t&"key'))

    const forms = [
      's3cr/t&"key',
      encodeURIComponent('s3cr/t&"key'),
      Buffer.from('s3cr/t&"key').toString('base64'),
      JSON.stringify('s3cr/t&"key'),
    ]
    expect(redactor.clean(forms.join(' '))).toBe('[secret] [secret] [secret] "[secret]"')
  })

  it('masks e-mail addresses and phone numbers, and leaves times and counts alone', () => {
    expect(maskPersonal('jane.doe+x@mail.example.co.uk called +33612345678')).toBe(
      'j***@m***.uk called +33***78',
    )
    expect(maskPersonal('2026-08-26T18:38:08+00:00 12,345 of 67890')).toBe(
      '2026-08-26T18:38:08+00:00 12,345 of 67890',
    )
  })

  it.each([
    ['+1 415 555 2671', '+1***71'],
    ['tel:+31 6 12345678.', 'tel:+31***78.'],
    ['+49 171/1234567', '+49***67'],
    ['+1 (415) 555-2671', '+1***71'],
    ['0171 1234567', '0171***67'],
    ['06 12 34 56 78', '06 12 34 56 78'],
    ['{"phone":"+33 6.12.34.56.78"}', '{"phone":"+33***78"}'],
    ['12:00:00+00:00, +5 of 17, 10.12.2026, 01-02-2026, 0.17 1234', null],
  ])('masks the number in %s as %s', (text, masked) => {
    expect(maskPersonal(text)).toBe(masked ?? text)
  })

  it.each([
    ['"jane doe"@example.com was refused', '***@e***.com was refused'],
    [JSON.stringify({ a: 'b', contact: '"jane doe"@example.com' }), '{"a":"b","contact":"***@e***.com"}'],
  ])('masks a local part in quotes: %s', (text, masked) => {
    expect(maskPersonal(text)).toBe(masked)
  })

  it('lets no address through', () => {
    fc.assert(
      fc.property(fc.emailAddress(), (email) => {
        expect(maskPersonal(`before ${email} after`)).not.toContain(email)
      }),
    )
  })
})

describe('back-off', () => {
  it('grows with each attempt up to its cap, has jitter, and never undercuts what was asked', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 100 }),
        fc.integer({ min: 0, max: 200_000 }),
        fc.integer(),
        (attempt, asked, seed) => {
          const wait = backoffMs({ baseMs: 1_000, capMs: 60_000 }, attempt, createSeededRandom(seed), asked)
          expect(wait).toBeGreaterThanOrEqual(Math.max(500, asked))
          expect(wait).toBeLessThanOrEqual(Math.max(60_000, asked))
          if (asked === 0) expect(wait).toBeLessThanOrEqual(1_000 * 2 ** attempt)
        },
      ),
    )
  })
})
