// The text of connectors.yml, or a word on where it may be.
import { existsSync, readFileSync } from 'node:fs'

import { type ErrorOptions, TajoError } from '../../lib/errors.ts'

/** The text of the file. Throws `config_missing`. */
export function readConfig(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new TajoError('config_missing', ...describeMissing(file, cause))
  }
}

function describeMissing(file: string, cause: unknown): [message: string, options: ErrorOptions] {
  if ((cause as { code?: string }).code === 'EISDIR') return [`${file} is a directory.`, { cause }]
  const other = file.endsWith('.yml') ? file.replace(/yml$/, 'yaml') : file.replace(/yaml$/, 'yml')
  if (other !== file && existsSync(other))
    return [
      `There is no ${file}, but ${other}.`,
      { hint: `Rename it: mv ${other} ${file} — or name it: --config ${other}`, cause },
    ]
  return [
    `There is no configuration at ${file}.`,
    { hint: 'Make one with: tajo init — or name another file with --config.', cause },
  ]
}
