// A list kept in order of (key, id), read in pages from either end: what a keyset cursor walks over.
export class SortedList<T extends { id: number }> {
  readonly #items: T[]
  readonly #key: (item: T) => number

  constructor(items: Iterable<T>, key: (item: T) => number) {
    this.#key = key
    this.#items = [...items].sort((a, b) => key(a) - key(b) || a.id - b.id)
  }

  get size(): number {
    return this.#items.length
  }

  add(item: T): void {
    this.#items.splice(this.#position(this.#key(item), item.id), 0, item)
  }

  /** Takes out an item that was added with `key`. */
  remove(item: T, key: number): void {
    const index = this.#position(key, item.id)
    if (this.#items[index] === item) this.#items.splice(index, 1)
  }

  /** Up to `limit` items beyond `after`, in the given direction. */
  page(direction: 'asc' | 'desc', after: { key: number; id: number } | null, limit: number): T[] {
    if (direction === 'asc') {
      const start = after === null ? 0 : this.#position(after.key, after.id + 1)
      return this.#items.slice(start, start + limit)
    }
    const end = after === null ? this.#items.length : this.#position(after.key, after.id)
    return this.#items.slice(Math.max(0, end - limit), end).toReversed()
  }

  values(): Iterable<T> {
    return this.#items
  }

  /** Index of the first item that is not before (key, id). */
  #position(key: number, id: number): number {
    let low = 0
    let high = this.#items.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const item = this.#items[middle]!
      const order = this.#key(item) - key || item.id - id
      if (order < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}
