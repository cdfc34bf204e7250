// A connectors.yml that somebody writes in the browser: what is wrong with it, what it would do, and how it comes onto the disk. The file
// there stays the truth: where it was changed meanwhile, the draft is not written.
import { checkConfig } from '../../../config/load.ts'
import type { Config } from '../../../config/config.ts'
import type { Complaint } from '../../../config/text/document.ts'
import { findUnknown, hideSecrets, restoreSecrets } from '../../../config/text/hidden.ts'
import { toShownEnv } from '../../../config/secrets/shown-env.ts'
import { fingerprint } from '../../../dry-run/report.ts'
import { type ConfigDiff, diffConfigs } from '../../../dry-run/what-if.ts'
import { approve, readInForce } from '../../../state/reading/applied-config.ts'
import type { ConsoleDoor } from '../door.ts'

/** What a form sends. */
export interface Draft {
  /** Of the text on the disk that it began with. */
  base: string
  /** As it was shown: without secrets. */
  text: string
}

export interface Assessment {
  /** As it would stand on the disk. */
  text: string
  sha256: string
  complaints: Complaint[]
  warnings: Complaint[]
  config: Config | null
}

/** The text on the disk as it may be shown; null where it can't be read just now. */
export function readShown({ file }: ConsoleDoor): Draft | null {
  const text = file.read()
  return text === null ? null : { base: fingerprint(text), text: hideSecrets(text).text }
}

function placeOf(text: string, word: string): { line: number; column: number } {
  const before = text.slice(0, text.indexOf(word)).split('\n')
  return { line: before.length, column: before.at(-1)!.length + 1 }
}

/** By the checks of `tajo validate`. */
export function assess({ file, env }: ConsoleDoor, shown: string): Assessment {
  const onDisk = file.read() ?? ''
  const restored = restoreSecrets(shown, hideSecrets(onDisk).secrets)
  // A form has one kind of line ends; the file keeps the kind that it has.
  const text = onDisk.includes('\r\n') ? restored.replaceAll(/\r?\n/g, '\r\n') : restored
  const { config, complaints, warnings } = checkConfig(file.path, text, toShownEnv(env, text, onDisk))
  const unknown = findUnknown(text).map((name) => ({
    ...placeOf(text, name),
    path: '',
    message: `${name} stands for no secret of the file: write what it is.`,
  }))
  if (unknown.length > 0)
    return {
      text,
      sha256: fingerprint(text),
      config: null,
      complaints: [...complaints, ...unknown],
      warnings,
    }
  return { text, sha256: fingerprint(text), config, complaints, warnings }
}

const SAMPLES = 10

/** Against what the contacts stand on. */
export function weigh(door: ConsoleDoor, after: Config): Promise<ConfigDiff> {
  const { store, file, env } = door
  const text = readInForce(store)
  const inForce = text === null ? null : checkConfig(file.path, text, toShownEnv(env, text, text)).config
  return diffConfigs(store, inForce ?? door.config, after, SAMPLES, () => door.pause())
}

export type Outcome = 'approved' | 'faulty' | 'changed_elsewhere' | 'not_seen' | 'read_only'

/**
 * Writes it and lets it go live. `seen`: of the text whose effect was shown; another one is not approved by it. `note` is called in the
 * transaction that approves.
 */
export function approveDraft(
  door: ConsoleDoor,
  draft: Draft,
  seen: string,
  note: (sha256: string) => void,
): Outcome {
  const { file, store } = door
  const before = file.read()
  if (before === null || fingerprint(before) !== draft.base) return 'changed_elsewhere'
  const { text, sha256, config } = assess(door, draft.text)
  if (config === null) return 'faulty'
  if (sha256 !== seen) return 'not_seen'
  if (!file.mayWrite()) return 'read_only'
  if (text !== before && !file.replace(before, text)) return 'changed_elsewhere'
  // What is in force needs no approval: one that nothing takes would stand.
  if (text === readInForce(store)) return 'approved'
  store.transaction(() => {
    approve(store, sha256)
    note(sha256)
  })
  return 'approved'
}

/** Offsets of what is complained of, for an editor: to the end of the word that stands there. */
export function toRange(
  text: string,
  { line, column }: Pick<Complaint, 'line' | 'column'>,
): { from: number; to: number } {
  const lines = text.split('\n')
  const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0)
  const from = Math.min(text.length, start + column - 1)
  const word = /^[^\s:,}\]]+/.exec(text.slice(from))?.[0].length ?? 0
  return { from, to: Math.min(text.length, from + Math.max(1, word)) }
}
