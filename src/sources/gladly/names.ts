// Who and what ids stand for: agents, inboxes, topics. Topics have parents: one counts as each of them, too.
import type { GladlyClient } from './client.ts'
import { toId, toList, toText } from './items.ts'

export type Named = 'agent' | 'inbox' | 'topic'

const PATHS: Readonly<Record<Named, string>> = { agent: '/agents', inbox: '/inboxes', topic: '/topics' }

interface Topic {
  id: string
  name: string
  parent: string | null
}

/** Deeper chains are a loop. */
const MOST_PARENTS = 20

export class Names {
  /** Null: the list does not name it, and it is not asked for again. */
  readonly #known = new Map<string, string | null>()
  readonly #topics = new Map<string, Topic>()

  nameOf(of: Named, id: string | null): string | null {
    return id === null ? null : (this.#known.get(`${of}/${id}`) ?? null)
  }

  readonly #asked = new Set<Named>()

  /** Asks for the list once. */
  async ensure(client: GladlyClient, of: Named, signal?: AbortSignal): Promise<void> {
    if (!this.#asked.has(of)) await this.read(client, of, signal)
  }

  /** Asks for the lists that name what is not known. */
  async learn(
    client: GladlyClient,
    of: Named,
    ids: readonly (string | null)[],
    signal?: AbortSignal,
  ): Promise<void> {
    const strangers = ids.filter((id) => id !== null && !this.#known.has(`${of}/${id}`))
    if (strangers.length === 0) return
    await this.read(client, of, signal)
    for (const id of strangers) if (!this.#known.has(`${of}/${id}`)) this.#known.set(`${of}/${id}`, null)
  }

  async read(client: GladlyClient, of: Named, signal?: AbortSignal): Promise<unknown[]> {
    const { json } = await client.ask({ path: PATHS[of] }, signal)
    this.#asked.add(of)
    for (const item of toList(json)) {
      const [id, name] = [toId(item['id']), toText(item['name'])]
      if (id === null || name === null) continue
      this.#known.set(`${of}/${id}`, name)
      if (of === 'topic') this.#topics.set(id, { id, name, parent: toId(item['parentId']) })
    }
    return json as unknown[]
  }

  /** `Shipping` and `Shipping > Lost` for the topic Lost: each is a tag. */
  tagsOf(topicIds: readonly string[]): string[] {
    const tags = new Set<string>()
    for (const id of topicIds) {
      const chain = this.#chainOf(id)
      for (const [index] of chain.entries()) tags.add(chain.slice(0, index + 1).join(' > '))
    }
    return [...tags]
  }

  /** Of a report, which names topics by their own name; one that is not known is its name. */
  tagsOfNames(names: readonly string[]): string[] {
    const byName = new Map([...this.#topics.values()].map(({ id, name }) => [name, id]))
    return [
      ...new Set(names.flatMap((name) => (byName.has(name) ? this.tagsOf([byName.get(name)!]) : [name]))),
    ]
  }

  #chainOf(id: string): string[] {
    const chain: string[] = []
    for (let next: string | null = id; next !== null && chain.length < MOST_PARENTS;) {
      const topic = this.#topics.get(next)
      if (topic === undefined) break
      chain.unshift(topic.name)
      next = topic.parent
    }
    return chain
  }
}
