// Tests of a mapping as they are written: read with their places, and written anew from a real contact.
import { existsSync, readFileSync } from 'node:fs'
import { stringify } from 'yaml'

import { TajoError } from '../lib/errors.ts'
import { type Complaint, parseFile } from './text/document.ts'
import { readConfig } from './load.ts'
import type { MappingTest } from './schema/schema-tests.ts'
import { findShapeComplaints } from './schema/validate.ts'

export interface PlacedTest {
  test: MappingTest
  /** `connectors.test.yml:12`. */
  where: string
}

/** `connectors.yml` → `connectors.test.yml`. */
export const testsFileOf = (config: string): string => config.replace(/(\.ya?ml)?$/, '.test$1')

/** Those in the configuration, then those beside it. Throws `config_invalid`. */
export function loadTests(config: string, env: Readonly<Record<string, string | undefined>>): PlacedTest[] {
  const beside = testsFileOf(config)
  return [
    ...parseTests(config, readConfig(config), env, true),
    ...(existsSync(beside) ? parseTests(beside, readConfig(beside), env, false) : []),
  ]
}

function parseTests(
  file: string,
  text: string,
  env: Readonly<Record<string, string | undefined>>,
  isPart: boolean,
): PlacedTest[] {
  const parsed = parseFile(text, env)
  const whole = parsed.value as { tests?: MappingTest[] } | null | undefined
  const value = isPart ? { tests: whole?.tests ?? [] } : whole
  const complaints: Complaint[] =
    parsed.complaints.length > 0
      ? parsed.complaints
      : findShapeComplaints(value, 'tests').map((one) => ({
          ...parsed.locate(one.path, one.atKey ? 'key' : undefined),
          path: one.path.join('.'),
          message: one.message,
        }))
  if (complaints.length > 0)
    throw new TajoError('config_invalid', `${file} has mistakes; no test was run.`, {
      details: complaints.map((one) => `${file}:${one.line}:${one.column} ${one.path}: ${one.message}`),
    })
  return (value?.tests ?? []).map((test, index) => ({
    test,
    where: `${file}:${parsed.locate(['tests', index]).line}`,
  }))
}

/** As it is put at the end of the file beside `config`, which may be there already. */
export function formatTest(test: MappingTest, config: string): string {
  const text = stringify({ tests: [test] }, { lineWidth: 0 })
  const beside = testsFileOf(config)
  const hasTests = existsSync(beside) && /^tests:/m.test(readFileSync(beside, 'utf8'))
  return hasTests ? text.replace(/^tests:\n/, '') : text
}
