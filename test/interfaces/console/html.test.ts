// Whatever is put into a page stays text.
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'

import { html, textarea } from '../../../src/interfaces/console/html.ts'
import { en } from '../../../src/interfaces/console/texts/en.ts'
import { de } from '../../../src/interfaces/console/texts/de.ts'
import { fr } from '../../../src/interfaces/console/texts/fr.ts'
import { nl } from '../../../src/interfaces/console/texts/nl.ts'
import {
  chooseLanguage,
  type Plural,
  type Texts,
  wordsIn,
} from '../../../src/interfaces/console/texts/words.ts'

/** Back to what a browser would show. */
const unescape = (text: string): string =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')

describe('what is put into a template', () => {
  it('never ends the text or the attribute that it stands in, and is shown as it is', () => {
    const hostile = fc.oneof(
      fc.string(),
      fc.constantFrom(
        '<img src=x onerror=alert(1)>',
        '"><script>',
        "' onclick='",
        '</textarea>',
        '&lt;',
        '‮txt',
      ),
    )
    fc.assert(
      fc.property(hostile, (value) => {
        const text = html`<p title="${value}">${[value, html`<b>${value}</b>`]}</p>`.toString()
        const [, attribute, first, second] =
          /^<p title="([^"<>]*)">([^<>]*)<b>([^<>]*)<\/b><\/p>$/s.exec(text) ?? []
        expect([attribute, first, second].map((one) => unescape(one!))).toEqual([value, value, value])
      }),
    )
  })

  it('is the text of a textarea as it is, line breaks before and after it included', () => {
    for (const text of ['a', '\na', '\n\na\n', '</textarea><script>'])
      expect(textarea(html` name="a"`, text).toString()).toBe(
        `<textarea name="a">\n${text.replaceAll('<', '&lt;').replaceAll('>', '&gt;')}</textarea>`,
      )
  })

  it('is left out where there is nothing', () => {
    expect(html`<p>${null}${undefined}${false}${0}</p>`.toString()).toBe('<p>0</p>')
  })
})

const LANGUAGES: Record<string, Texts> = { de, fr, nl }
const forms = (text: string | Plural): string[] =>
  typeof text === 'string' ? [text] : [text.one, text.other]
const placesIn = (text: string): string[] =>
  [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!).toSorted()

describe.each(Object.keys(LANGUAGES))('the texts in %s', (language) => {
  const texts = LANGUAGES[language]!

  it('are all there, in the forms that English has', () => {
    expect(Object.keys(texts)).toEqual(Object.keys(en))
    for (const [key, text] of Object.entries(texts))
      for (const form of forms(text)) expect([key, form.trim() === form && form !== '']).toEqual([key, true])
  })

  it('put in what English puts in', () => {
    for (const [key, text] of Object.entries(en) as [keyof Texts, string | Plural][]) {
      const wanted = placesIn(forms(text).at(-1)!)
      for (const form of forms(texts[key])) {
        // One may be said without its number, and days of one without theirs.
        const places = placesIn(form)
        const missing = wanted.filter((one) => !places.includes(one))
        expect([key, missing.filter((one) => one !== 'count' || typeof text === 'string')]).toEqual([key, []])
        expect([key, places.filter((one) => !wanted.includes(one))]).toEqual([key, []])
      }
    }
  })

  it('are translated', () => {
    const same = (Object.keys(en) as (keyof Texts)[]).filter(
      (key) => forms(texts[key]).join() === forms(en[key]).join() && /[a-z]{4}/i.test(forms(en[key])[0]!),
    )
    // Names, and words that both languages have.
    expect(same.length).toBeLessThan(Object.keys(en).length / 10)
  })
})

describe('the language', () => {
  it.each([
    ['nl-BE,nl;q=0.9,en;q=0.5', 'nl'],
    ['es, de-AT;q=0.4, fr;q=0.8', 'fr'],
    ['ja', 'en'],
    [undefined, 'en'],
  ])('of %s is %s', (header, language) => {
    expect(chooseLanguage(header)).toBe(language)
  })

  it('writes numbers and times as its readers do', () => {
    expect(wordsIn('de').count(12_345)).toBe('12.345')
    expect(wordsIn('en').t('contacts', { count: 1 })).toBe('1 contact')
    expect(wordsIn('en').t('contacts', { count: 1_200 })).toBe('1,200 contacts')
    expect(wordsIn('nl').relative(0, 3 * 60_000)).toBe('3 minuten geleden')
    expect(wordsIn('en').duration(90_000)).toBe('2 minutes')
  })
})
