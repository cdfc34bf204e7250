// Somebody who looks at a page: who they are, in which language, and what they may see.
import { maskPersonal } from '../../lib/log/redact.ts'
import type { Session } from '../../state/console/access.ts'
import type { Site } from './safety/gate.ts'
import type { Words } from './texts/words.ts'

export const THEMES = ['auto', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

export const isTheme = (text: string | null): text is Theme => THEMES.includes(text as Theme)

/** What every page is made by, signed in or not. */
export interface Look {
  site: Site
  words: Words
  theme: Theme
  /** With its query, below the base. */
  path: string
  /** Milliseconds since the epoch. */
  now: number
}

export interface Visit extends Look {
  session: Session
  query: URLSearchParams
  /** Between slashes: `/console/lists/35` gives 35. */
  parameter: string
}

/** A text of the shop, as this person may see it. */
export const shown = ({ session }: Visit, text: string): string =>
  session.isMasked ? maskPersonal(text) : text

export const mayChange = ({ session }: Visit): boolean => session.role === 'editor'
