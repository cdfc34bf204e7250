// How well a connector keeps what connectors.yml promises: each minute it is looked whether changes are in Brevo in time, and counted by the day.
import { META, type ObjectiveDay } from '../meta.ts'
import type { Store } from '../store.ts'

/** As the state calls the objective of an attribute: no connector's name has a slash. */
export const attributeKey = (connector: string, attribute: string): string => `${connector}/${attribute}`

export interface Objective {
  /** In milliseconds: changes are to be in Brevo within this time. */
  freshnessMs: number
  kept: { days: number; kept: number | null }[]
}

const SPANS = [1, 7, 30] as const
const DAY_MS = 86_400_000

const toDay = (ms: number): string => new Date(ms).toISOString().slice(0, 10)

/** `freshAsOfMs`: everything until then has reached Brevo. */
export function noteObjective(
  store: Store,
  connector: string,
  { freshnessMs }: { freshnessMs: number },
  freshAsOfMs: number,
  nowMs: number,
): void {
  const key = META.objective(connector)
  const today = toDay(nowMs)
  const oldest = toDay(nowMs - Math.max(...SPANS) * DAY_MS)
  const days = (store.meta.get(key) ?? []).filter(({ day }) => day >= oldest)
  const known = days.find(({ day }) => day === today)
  const isKept = nowMs - freshAsOfMs <= freshnessMs
  const next = { day: today, looks: (known?.looks ?? 0) + 1, kept: (known?.kept ?? 0) + Number(isKept) }
  store.meta.set(key, [...days.filter(({ day }) => day !== today), next])
}

export function readObjective(store: Store, connector: string, freshnessMs: number): Objective {
  const days = store.meta.get(META.objective(connector)) ?? []
  const last = days.at(-1)
  return {
    freshnessMs,
    kept: SPANS.map((span) => ({ days: span, kept: last === undefined ? null : share(days, last, span) })),
  }
}

function share(days: readonly ObjectiveDay[], last: ObjectiveDay, span: number): number | null {
  const from = toDay(Date.parse(last.day) - (span - 1) * DAY_MS)
  const within = days.filter(({ day }) => day >= from)
  const looks = within.reduce((sum, one) => sum + one.looks, 0)
  const kept = within.reduce((sum, one) => sum + one.kept, 0)
  return looks === 0 ? null : kept / looks
}
