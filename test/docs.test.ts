// What is generated is fresh, what is documented exists, and the other way round.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'

import { describe, expect, it } from '@jest/globals'
import { parseAllDocuments } from 'yaml'

import { toMetricsReference } from '../scripts/metrics-reference.ts'
import { toReference } from '../scripts/reference.ts'
import { parseConfig } from '../src/config/load.ts'
import { OUTPUTS, toOutputReference, toOutputSchema } from '../scripts/output-schemas.ts'
import { toTablesReference } from '../scripts/tables-reference.ts'
import { toValidators } from '../scripts/validators.ts'
import { testsSchema } from '../src/config/schema/schema-tests.ts'
import { connectorsSchema } from '../src/config/schema/schema.ts'
import { ERROR_KINDS } from '../src/lib/errors.ts'
import { FIELDS } from '../src/mapping/fields.ts'
import { OCCURRENCE_TYPES } from '../src/model/occurrence.ts'
import { SOURCES } from '../src/sources/index.ts'

const pages = [
  'README.md',
  ...readdirSync('docs')
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]
/** What a marketer reads, in other languages. */
const TRANSLATED = ['de', 'nl'].flatMap((language) =>
  readdirSync(`docs/${language}`, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${language}/${name}`),
)
const words = (text: string): string =>
  text
    .replace(/[\s|]+/g, ' ')
    .replace(/-+/g, '-')
    .trim()

describe('generated files', () => {
  it('are fresh: npm run gen', () => {
    expect(JSON.parse(readFileSync('schema/connectors.schema.json', 'utf8'))).toEqual(
      JSON.parse(JSON.stringify(connectorsSchema)),
    )
    expect(words(readFileSync('docs/configuration.md', 'utf8'))).toBe(words(toReference()))
    expect(words(readFileSync('docs/json.md', 'utf8'))).toBe(words(toOutputReference()))
    expect(words(readFileSync('docs/tables.md', 'utf8'))).toBe(words(toTablesReference()))
    expect(words(readFileSync('docs/metrics.md', 'utf8'))).toBe(words(toMetricsReference()))
    expect(JSON.parse(readFileSync('schema/connectors.test.schema.json', 'utf8'))).toEqual(
      JSON.parse(JSON.stringify(testsSchema)),
    )
    expect(readFileSync('src/config/schema/validators.generated.js', 'utf8')).toBe(toValidators())
    for (const name of Object.keys(OUTPUTS))
      expect(JSON.parse(readFileSync(`schema/${name}.schema.json`, 'utf8'))).toEqual(
        JSON.parse(JSON.stringify(toOutputSchema(name))),
      )
  })
})

describe('translations', () => {
  const codeOf = (text: string): string[] => [...text.matchAll(/^```[^]*?^```/gm)].map(([block]) => block)
  const headings = (text: string): number => [...text.matchAll(/^#+ /gm)].length
  const english = (page: string): string => page.replace(/^docs\/\w+\//, 'docs/')

  it('are there of every page of the marketer’s path', () => {
    const wanted = [
      'changing.md',
      'definitions.md',
      'campaigns.md',
      ...readdirSync('docs/errors').map((name) => `errors/${name}`),
    ]
    for (const language of ['de', 'nl'])
      for (const name of wanted) expect(TRANSLATED).toContain(`docs/${language}/${name}`)
  })

  it.each(TRANSLATED.filter((page) => !page.endsWith('/index.md')))(
    '%s has what the English page has: headings, code, tables',
    (page) => {
      const [own, other] = [readFileSync(page, 'utf8'), readFileSync(english(page), 'utf8')]
      expect(headings(own)).toBe(headings(other))
      expect(codeOf(own)).toEqual(codeOf(other))
      const rows = (text: string): number => [...text.matchAll(/^\|/gm)].length
      expect(rows(own)).toBe(rows(other))
    },
  )
})

describe('docs/errors', () => {
  it('has a page for every code, with its kind and what to do, and no other', () => {
    const pages = readdirSync('docs/errors').filter((name) => name !== 'README.md')

    expect(pages.sort()).toEqual(
      Object.keys(ERROR_KINDS)
        .map((code) => `${code}.md`)
        .sort(),
    )
    const index = readFileSync('docs/errors/README.md', 'utf8')
    for (const [code, kind] of Object.entries(ERROR_KINDS)) {
      const page = readFileSync(`docs/errors/${code}.md`, 'utf8')
      expect(page).toContain(`_${kind}_`)
      expect(page).toMatch(/\*\*What to do:\*\* \S/)
      expect(index).toContain(`(${code}.md)`)
    }
  })
})

describe('docs/definitions.md', () => {
  it('has every field', () => {
    const text = readFileSync('docs/definitions.md', 'utf8')

    for (const field of Object.keys(FIELDS)) expect(text).toContain(`\`${field}\``)
  })
})

describe('docs/helpdesks.md', () => {
  it.each(OCCURRENCE_TYPES)('says who can tell %s', (type) => {
    const line = readFileSync('docs/helpdesks.md', 'utf8')
      .split('\n')
      .find((one) => one.includes(`\`${type}\``))
    const cells = (line ?? '').split('|').slice(2, -1)

    expect(cells.map((one) => one.trim() !== 'no')).toEqual(
      SOURCES.map(({ supports }) => supports.occurrences[type] !== undefined),
    )
  })
})

/** What the examples take from the environment. */
const ENV = {
  BREVO_URL: 'https://api.brevo.com/v3',
  SLACK_WEBHOOK: 'https://hooks.slack.com/services/T/B/X',
  SMTP_PASSWORD: 'secret',
  TAJO_ALERT_SECRET: 'a-secret-of-sixteen',
}

describe('examples', () => {
  it.each(pages)('in %s are valid', (page) => {
    for (const [, yaml = ''] of readFileSync(page, 'utf8').matchAll(/```yaml\n([\s\S]*?)```/g)) {
      for (const document of parseAllDocuments(yaml)) expect(document.errors).toEqual([])
      if (yaml.includes('connectors:')) parseConfig(page, yaml, ENV)
    }
  })

  const errors = readdirSync('docs/errors').map((name) => `docs/errors/${name}`)

  it.each([...pages, ...errors, ...TRANSLATED])('links in %s lead somewhere', (page) => {
    const folder = `${dirname(page)}/`
    for (const [, target = ''] of readFileSync(page, 'utf8').matchAll(/\]\((?!https?:)([^)#]+)/g)) {
      expect(() => readFileSync(new URL(`../${folder}${target}`, import.meta.url))).not.toThrow(/ENOENT/)
    }
  })
})
