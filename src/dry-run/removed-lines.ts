// What a changed connectors.yml adds or leaves out, beside the contacts that it changes: helpdesks, lines of events, lists.
import type { Config, ConnectorConfig } from '../config/config.ts'
import { enabled } from '../engine/streams.ts'

/** Sentences, for whoever approves the change. */
export function diffConnectors(before: Config, after: Config): string[] {
  const [old, now] = [enabled(before), enabled(after)]
  const find = (all: readonly ConnectorConfig[], name: string) => all.find((one) => one.name === name)
  return [
    ...now
      .filter(({ name }) => find(old, name) === undefined)
      .map(({ name }) => `the helpdesk ${name} is added`),
    ...old.flatMap((one) => {
      const next = find(now, one.name)
      return next === undefined ? [`the helpdesk ${one.name} is no longer enabled`] : findVanished(one, next)
    }),
  ]
}

/** The first half of a file that is being copied is sound, too; and an event that is not sent is lost for good. */
function findVanished({ name, rules: old }: ConnectorConfig, { rules: now }: ConnectorConfig): string[] {
  const events = Object.keys(old.events).filter((type) => !Object.hasOwn(now.events, type))
  const lists = old.lists.filter(({ name: rule }) => !now.lists.some((one) => one.name === rule))
  const support = old.inSupport?.list != null && now.inSupport?.list == null ? [old.inSupport.list] : []
  return [
    ...events.map((type) => `the event of ${type} is no longer sent (${name})`),
    ...lists.map((rule) => `the list ${rule.list} of ${rule.name} is no longer filled (${name})`),
    ...support.map((list) => `the list ${list} of in_support is no longer filled (${name})`),
  ]
}
