// What the console says, in the language of whoever looks: texts stand in a file for each language, numbers and times are written as that
// language writes them.
import { de } from './de.ts'
import { en } from './en.ts'
import { fr } from './fr.ts'
import { nl } from './nl.ts'

export interface Plural {
  one: string
  other: string
}

export type Key = keyof typeof en
/** A language has every text that English has, in as many forms. */
export type Texts = { [K in Key]: (typeof en)[K] extends string ? string : Plural }

const LANGUAGES = { en, de, fr, nl } satisfies Record<string, Texts>
export type Language = keyof typeof LANGUAGES

export const LANGUAGE_NAMES: Record<Language, string> = {
  en: 'English',
  de: 'Deutsch',
  fr: 'Français',
  nl: 'Nederlands',
}

/** A day is written as it is written in Britain. */
const LOCALES: Record<Language, string> = { en: 'en-GB', de: 'de-DE', fr: 'fr-FR', nl: 'nl-NL' }

export const isLanguage = (text: string | null): text is Language =>
  text !== null && Object.hasOwn(LANGUAGES, text)

/** The first that a browser asks for and that there is; English otherwise. */
export function chooseLanguage(acceptLanguage: string | undefined): Language {
  const wanted = (acceptLanguage ?? '')
    .split(',')
    .map((part) => {
      const [tag = '', ...rest] = part.trim().split(';')
      const quality = rest.map((one) => /^\s*q=([\d.]+)/.exec(one)?.[1]).find((one) => one !== undefined)
      return { language: tag.slice(0, 2).toLowerCase(), quality: Number(quality ?? 1) }
    })
    .toSorted((a, b) => b.quality - a.quality)
  return wanted.map((one) => one.language).find((one) => isLanguage(one)) ?? 'en'
}

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const

const made = new Map<Language, Words>()

/** To make one takes the formats of a language, which are kept. */
export function wordsIn(language: Language): Words {
  const known = made.get(language)
  if (known !== undefined) return known
  const words = new Words(language)
  made.set(language, words)
  return words
}

export class Words {
  readonly language: Language
  readonly #texts: Texts
  readonly #plural: Intl.PluralRules
  readonly #number: Intl.NumberFormat
  readonly #percent: Intl.NumberFormat
  readonly #time: Intl.DateTimeFormat
  readonly #day: Intl.DateTimeFormat
  readonly #relative: Intl.RelativeTimeFormat
  readonly #units: ReadonlyMap<string, Intl.NumberFormat>

  constructor(language: Language) {
    const locale = LOCALES[language]
    this.language = language
    this.#texts = LANGUAGES[language]
    this.#plural = new Intl.PluralRules(locale)
    this.#number = new Intl.NumberFormat(locale)
    this.#percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 })
    this.#time = new Intl.DateTimeFormat(locale, {
      year: 'numeric',
      month: 'short',
      day: 'numeric',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    })
    this.#day = new Intl.DateTimeFormat(locale, { month: 'short', day: 'numeric', timeZone: 'UTC' })
    this.#relative = new Intl.RelativeTimeFormat(locale, { numeric: 'always' })
    this.#units = new Map(
      UNITS.map(([unit]) => [
        unit,
        new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' }),
      ]),
    )
  }

  /** `{count}` chooses the form, where a text has several. Values are put in as they are: text, not HTML. */
  t(key: Key, values: Readonly<Record<string, string | number>> = {}): string {
    const text = this.#texts[key]
    const form =
      typeof text === 'string'
        ? text
        : this.#plural.select(Number(values['count'])) === 'one'
          ? text.one
          : text.other
    return form.replaceAll(/\{(\w+)\}/g, (whole, name: string) => {
      const value = values[name]
      return value === undefined ? whole : typeof value === 'number' ? this.count(value) : value
    })
  }

  /** A text by a key that is put together; the key itself where there is none. */
  of(prefix: string, name: string): string {
    const key = `${prefix}.${name}`
    return Object.hasOwn(this.#texts, key) ? this.t(key as Key) : name
  }

  count(value: number): string {
    return this.#number.format(value)
  }

  percent(share: number): string {
    return this.#percent.format(share)
  }

  time(ms: number): string {
    return this.#time.format(ms)
  }

  /** `2026-11-24`, of UTC. */
  day(iso: string): string {
    return this.#day.format(Date.parse(iso))
  }

  /** `3 minutes ago`, `in 2 hours`. */
  relative(ms: number, now: number): string {
    const away = ms - now
    const [unit, size] = UNITS.find(([, one]) => Math.abs(away) >= one) ?? UNITS[3]
    return this.#relative.format(Math.round(away / size), unit)
  }

  /** `3 minutes`. */
  duration(ms: number): string {
    const [unit, size] = UNITS.find(([, one]) => ms >= one * 1.5) ?? UNITS[3]
    return this.#units
      .get(unit)!
      .format(unit === 'second' ? Math.round(ms / 100) / 10 : Math.round(ms / size))
  }
}
