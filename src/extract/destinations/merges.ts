// Rows that were merged into others, and what still names them.
import type { TableDefinition, Value } from '../../sources/tables.ts'

/** Which rows were merged into which, by table: an old export may name the one that is no more. */
export class Merges {
  readonly #into = new Map<string, Map<string, string>>()

  add(table: string, id: string, into: string): void {
    const known = this.#into.get(table) ?? new Map<string, string>()
    this.#into.set(table, known.set(id, into))
  }

  follow({ columns }: TableDefinition, values: Value[]): Value[] {
    for (const [index, { refersTo }] of columns.entries()) {
      const merges = refersTo === undefined ? undefined : this.#into.get(refersTo)
      const survivor = merges === undefined ? null : findSurvivor(merges, values[index] as string | null)
      if (survivor !== null) values[index] = survivor
    }
    return values
  }
}

function findSurvivor(merges: ReadonlyMap<string, string>, id: string | null): string | null {
  const seen = new Set<string>()
  let found = id
  // Two that were merged into each other are a mistake of the helpdesk's.
  while (found !== null && merges.has(found) && !seen.has(found)) {
    seen.add(found)
    found = merges.get(found)!
  }
  return found
}
