// Export files → answers to surveys: what a survey tool has written back stands nowhere else (gladly-intercom-api.md § A.8). Pure.
import type { SatisfactionSurvey } from '../../model/records.ts'
import type { Instant } from '../../model/time.ts'
import { type Json, requireId, requireInstant, toId, toInstant, toObject, toText } from './items.ts'
import type { SurveyText } from './scores.ts'

export interface Job {
  id: string
  at: Instant
}

/** The file that has what was said, and what came back. */
export const ITEMS_FILE = 'conversation_items.jsonl'

/** Null for one without that file. */
export function readJob(item: Json): Job | null {
  const files = item['files']
  if (!Array.isArray(files) || !files.includes(ITEMS_FILE)) return null
  return { id: requireId(item), at: requireInstant(item, 'updatedAt') }
}

const isSurvey = (content: Json): boolean =>
  content['type'] === 'CUSTOMER_ACTIVITY' && content['activityType'] === 'SURVEY'

/** Null for what is none; `readScore` finds none in its text: it was not answered. */
export function toSurvey(
  item: Json,
  readScore: (text: SurveyText) => number | null,
): SatisfactionSurvey | null {
  const content = toObject(item['content']) ?? {}
  if (!isSurvey(content)) return null
  const [title, body] = [toText(content['title']), toText(content['body'])]
  const score = readScore({ title, body, source: toText(content['sourceName']) })
  const at =
    toInstant(content['occurredAt']) ?? toInstant(content['receivedAt']) ?? requireInstant(item, 'timestamp')
  return {
    kind: 'satisfaction_survey',
    id: requireId(item),
    ticketId: toId(item['conversationId']),
    customerId: toId(item['customerId']),
    score,
    comment: body,
    createdAt: at,
    sentAt: null,
    scoredAt: score === null ? null : at,
  }
}
