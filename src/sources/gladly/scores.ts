// A score out of the free text that a survey tool has written back (gladly-intercom-api.md § A.8): by a pattern, which takes time in proportion
// to the text whatever it is, or by an expression.
import { RE2JS } from 're2js'

import { compileExpression, type Variables } from '../../mapping/expressions.ts'

export interface SurveyText {
  title: string | null
  body: string | null
  source: string | null
}

const VARIABLES: Variables = { title: 'text', body: 'text', source: 'text' }
/** What is longer is no score's. */
const MOST = 20_000

const readPattern = (score: string): string | null => /^\/(.+)\/$/s.exec(score.trim())?.[1] ?? null

/** Null: it can be used. */
export function findScoreMistake(score: string): string | null {
  const pattern = readPattern(score)
  if (pattern === null) {
    const compiled = compileExpression(score, VARIABLES, 'value')
    return 'mistake' in compiled ? compiled.mistake.message : null
  }
  try {
    return RE2JS.compile(pattern).groupCount() === 0
      ? 'its first group, in parentheses, has to be the number.'
      : null
  } catch {
    return 'this is no pattern; what looks ahead or back, or names an earlier group, is none here.'
  }
}

/** Null where the text has none. */
export function createScoreReader(score: string): (text: SurveyText) => number | null {
  const pattern = readPattern(score)
  if (pattern !== null) {
    const compiled = RE2JS.compile(pattern, RE2JS.DOTALL)
    return ({ title, body }) => {
      for (const text of [body, title]) {
        const matcher = compiled.matcher((text ?? '').slice(0, MOST))
        if (matcher.find()) return toScore(matcher.group(1))
      }
      return null
    }
  }
  const compiled = compileExpression(score, VARIABLES, 'value')
  if ('mistake' in compiled) return () => null
  const { expression } = compiled
  return (text) => toScore(expression.evaluate({ ...text }))
}

function toScore(value: unknown): number | null {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value.replace(',', '.')) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : null
}
