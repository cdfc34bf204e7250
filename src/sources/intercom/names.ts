// Who admins and teams are: a conversation names both by their ids alone.
export type Named = 'admin' | 'team'

export class Names {
  /** Null: the list does not name it, so it is none any more, and is not asked for again. */
  readonly #known = new Map<string, string | null>()

  get(of: Named, id: string): string | null | undefined {
    return this.#known.get(`${of}/${id}`)
  }

  has(of: Named): boolean {
    return [...this.#known.keys()].some((key) => key.startsWith(`${of}/`))
  }

  set(of: Named, id: string, name: string | null): void {
    this.#known.set(`${of}/${id}`, name)
  }
}

/** What a page names and nobody knows so far. */
export class Strangers {
  readonly #ids: Record<Named, Set<string>> = { admin: new Set(), team: new Set() }

  add(of: Named, id: string): void {
    this.#ids[of].add(id)
  }

  of(kind: Named): readonly string[] {
    return [...this.#ids[kind]]
  }
}
