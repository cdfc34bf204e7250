// How far the clock of the other side is from ours, by the `Date` of its answers. That header has whole seconds, so only a
// difference that it proves is believed: clocks that may agree are taken to agree.

export class ClockOffset {
  /** The difference, theirs minus ours, lies between these. */
  #least = Number.NEGATIVE_INFINITY
  #most = Number.POSITIVE_INFINITY

  /** `date`: the header. `sentAt`, `receivedAt`: our clock, in milliseconds. */
  observe(date: string | undefined, sentAt: number, receivedAt: number): void {
    const theirs = Date.parse(date ?? '')
    if (!Number.isFinite(theirs)) return
    const [least, most] = [theirs - receivedAt, theirs + 1000 - sentAt]
    const disagrees = least > this.#most || most < this.#least
    // One of the clocks was set: what was known before says nothing any more.
    this.#least = disagrees ? least : Math.max(this.#least, least)
    this.#most = disagrees ? most : Math.min(this.#most, most)
  }

  /** To be added to our clock, in milliseconds. */
  get offsetMs(): number {
    if (this.#least > 0) return this.#least
    return this.#most < 0 ? this.#most : 0
  }
}
