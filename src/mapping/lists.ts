// Which Brevo lists a contact belongs to, and why. Definitions: docs/definitions.md.
import type { Profile } from '../model/profile.ts'
import { type Expression, isMet, showUses, type Values } from './expressions.ts'

export type ListCondition =
  | { kind: 'tickets' }
  | { kind: 'score_from' | 'score_to'; score: number }
  | { kind: 'tag'; tag: string }
  | { kind: 'when'; expression: Expression }

/** One line of `lists` or `tag_lists`. */
export interface ListRule {
  /** `satisfied_customers`, the tag, or a name of one's own. */
  name: string
  list: number
  condition: ListCondition
  /** Where it stands: `connectors.yml:24:7`. */
  where: string
}

export function belongs(condition: ListCondition, profile: Profile, values: () => Values): boolean {
  const score = profile.lastScore
  switch (condition.kind) {
    case 'tickets':
      return profile.ticketCount > 0
    case 'score_from':
      return score !== null && score >= condition.score
    case 'score_to':
      return score !== null && score <= condition.score
    case 'tag':
      return profile.tags.includes(condition.tag)
    case 'when':
      return isMet(condition.expression, values())
  }
}

/** What the rule saw, whether it applies or not. */
export function describeCondition(condition: ListCondition, profile: Profile, values: () => Values): string {
  const score = profile.lastScore
  switch (condition.kind) {
    case 'tickets':
      return `nb_tickets is ${profile.ticketCount}`
    case 'score_from':
      return score === null
        ? 'no survey was scored'
        : `last_satisfaction_score is ${score} (satisfied from ${condition.score})`
    case 'score_to':
      return score === null
        ? 'no survey was scored'
        : `last_satisfaction_score is ${score} (dissatisfied to ${condition.score})`
    case 'tag':
      return profile.tags.includes(condition.tag)
        ? `a ticket has the tag ${condition.tag}`
        : `no ticket has the tag ${condition.tag}`
    case 'when':
      return `${condition.expression.source} (${showUses(condition.expression, values())})`
  }
}
