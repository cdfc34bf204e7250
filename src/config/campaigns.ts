// `campaigns:` and `in_support:` of connectors.yml → rules, and what can be wrong with them.
import type { CampaignRule, QuietHours } from '../mapping/campaigns.ts'
import { isTimezone } from '../mapping/campaigns.ts'
import type { InSupportRule } from '../mapping/compile.ts'
import { requireExpression } from '../mapping/expressions.ts'
import { EVENT_VARIABLES } from '../mapping/variables.ts'
import { parseDurationMs } from '../model/time.ts'
import { findMistake } from './rules.ts'
import type { RuleComplaint } from './rule.ts'
import type { ConnectorsFile } from './schema/schema.ts'

type RawCampaign = NonNullable<ConnectorsFile['campaigns']>[string]

const DEFAULT_MAX_AGE = '7d'
const DEFAULT_RELEASE = '24h'

export function toCampaigns(file: ConnectorsFile): CampaignRule[] {
  const fallback = file.timezone ?? 'UTC'
  return Object.entries(file.campaigns ?? {}).map(([name, raw]) => {
    const { guards = {} } = raw
    return {
      name,
      on: raw.on,
      when: raw.when === undefined ? null : requireExpression(raw.when, EVENT_VARIABLES, 'boolean'),
      event: raw.event ?? name,
      params: Object.fromEntries(
        Object.entries(raw.params ?? {}).map(([key, source]) => [
          key,
          requireExpression(source, EVENT_VARIABLES, 'value'),
        ]),
      ),
      delayMs: raw.delay === undefined ? 0 : parseDurationMs(raw.delay)!,
      maxAgeMs: parseDurationMs(raw.max_age ?? DEFAULT_MAX_AGE)!,
      guards: {
        notWhileOpenTickets: guards.not_while_open_tickets ?? false,
        cooldownMs: guards.cooldown === undefined ? null : parseDurationMs(guards.cooldown),
        quietHours: toQuietHours(guards.quiet_hours, fallback),
        notAfterScoreBelow:
          guards.not_after_score_below === undefined
            ? null
            : {
                score: guards.not_after_score_below.score,
                forMs: parseDurationMs(guards.not_after_score_below.for)!,
              },
        maxPerDay: guards.max_per_day ?? null,
      },
    }
  })
}

function toQuietHours(
  raw: NonNullable<RawCampaign['guards']>['quiet_hours'],
  fallback: string,
): QuietHours | null {
  if (raw === undefined) return null
  return { from: toMinutes(raw.from), to: toMinutes(raw.to), timezone: raw.timezone ?? 'contact', fallback }
}

function toMinutes(time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number)
  return hours * 60 + minutes
}

export function toInSupport(file: ConnectorsFile, where: (path: string[]) => string): InSupportRule | null {
  const raw = file.in_support
  if (raw === undefined) return null
  return {
    attribute: raw.attribute ?? null,
    list: raw.list ?? null,
    releaseAfterMs: parseDurationMs(raw.release_after ?? DEFAULT_RELEASE)!,
    where: where(['in_support']),
  }
}

export function findCampaignComplaints(file: ConnectorsFile): RuleComplaint[] {
  return [
    ...findTimezoneComplaints(file.timezone, ['timezone']),
    ...Object.entries(file.campaigns ?? {}).flatMap(([name, raw]) =>
      findComplaints(raw, ['campaigns', name]),
    ),
    ...(file.in_support !== undefined &&
    file.in_support.attribute === undefined &&
    file.in_support.list === undefined
      ? [{ path: ['in_support'], atKey: true, message: 'Either `attribute` or `list` is needed.' }]
      : []),
  ]
}

function findComplaints(raw: RawCampaign, path: string[]): RuleComplaint[] {
  const quiet = raw.guards?.quiet_hours
  const complaints = [
    ...(raw.when === undefined ? [] : findMistake(raw.when, EVENT_VARIABLES, 'boolean', [...path, 'when'])),
    ...Object.entries(raw.params ?? {}).flatMap(([name, source]) =>
      findMistake(source, EVENT_VARIABLES, 'value', [...path, 'params', name]),
    ),
  ]
  if (quiet === undefined) return complaints
  const place = [...path, 'guards', 'quiet_hours']
  if (quiet.timezone !== undefined && quiet.timezone !== 'contact')
    complaints.push(...findTimezoneComplaints(quiet.timezone, [...place, 'timezone']))
  if (quiet.from === quiet.to)
    complaints.push({
      path: place,
      message: 'from and to are the same: it would be quiet all day, or never.',
    })
  return complaints
}

function findTimezoneComplaints(timezone: string | undefined, path: string[]): RuleComplaint[] {
  return timezone === undefined || isTimezone(timezone)
    ? []
    : [{ path, message: `"${timezone}" is no time zone. Write it as Europe/Paris.` }]
}
