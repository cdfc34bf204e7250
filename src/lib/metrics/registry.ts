// Numbers for whoever scrapes them, in the text format of Prometheus 0.0.4. Small enough not to be a dependency: a process that starts in a
// tenth of a second would take half as long again to load one.

/** Values by the metric's labels, in their order. Never an address, an id or a text that somebody else wrote. */
export type LabelValues = readonly string[]

interface Described {
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]
}

/** One of the values of a metric. */
export interface ReadSeries {
  labels: Record<string, string>
  /** Of a histogram: the sum of what was observed. */
  value: number
  /** Of a histogram; `counts`: in each bucket alone, the last of them without an upper bound. */
  buckets?: { bounds: readonly number[]; counts: readonly number[]; count: number }
}

export interface ReadMetric extends Described {
  type: Metric['type']
  series: ReadSeries[]
}

interface Metric extends Described {
  readonly type: 'counter' | 'gauge' | 'histogram'
  lines(): string[]
  read(): ReadSeries[]
}

/** Values that no scrape may see more of: a label that grows without bound is a mistake of ours. */
const MOST_SERIES = 1_000

export class Registry {
  readonly #metrics: Metric[] = []

  counter(name: string, help: string, labels: readonly string[] = []): Counter {
    return this.#add(new Counter('counter', { name, help, labels }))
  }

  gauge(name: string, help: string, labels: readonly string[] = []): Gauge {
    return this.#add(new Gauge({ name, help, labels }))
  }

  /** `bounds`: upper bounds of the buckets, the least first. */
  histogram(name: string, help: string, labels: readonly string[], bounds: readonly number[]): Histogram {
    return this.#add(new Histogram({ name, help, labels }, bounds))
  }

  #add<M extends Metric>(metric: M): M {
    this.#metrics.push(metric)
    return metric
  }

  /** Of gauges with one of these labels nothing is told until they are set again. */
  clearGauges(labels: readonly string[]): void {
    for (const one of this.#metrics)
      if (one instanceof Gauge && one.labels.some((label) => labels.includes(label))) one.clear()
  }

  get metrics(): readonly (Described & { type: Metric['type'] })[] {
    return this.#metrics
  }

  /** All of them as they are, for whoever sends them on in another form. */
  read(): ReadMetric[] {
    return this.#metrics.map((one) => ({
      name: one.name,
      help: one.help,
      labels: one.labels,
      type: one.type,
      series: one.read(),
    }))
  }

  render(): string {
    return this.#metrics
      .map((one) => [`# HELP ${one.name} ${one.help}`, `# TYPE ${one.name} ${one.type}`, ...one.lines()])
      .flat()
      .join('\n')
      .concat('\n')
  }
}

const named = (labels: readonly string[], values: LabelValues): Record<string, string> =>
  Object.fromEntries(labels.map((label, index) => [label, values[index] ?? '']))

/** `a{b="c"}`, or `a` where there are no labels. */
function toSeries(name: string, labels: readonly string[], values: LabelValues, more = ''): string {
  const pairs = labels.map((label, index) => `${label}="${escape(values[index] ?? '')}"`)
  const all = more === '' ? pairs : [...pairs, more]
  return all.length === 0 ? name : `${name}{${all.join(',')}}`
}

const escape = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')

const toNumber = (value: number): string =>
  value === Number.POSITIVE_INFINITY ? '+Inf' : Number.isFinite(value) ? String(value) : 'NaN'

/** By the values of its labels. */
class Series<T> {
  readonly #all = new Map<string, { values: LabelValues; held: T }>()

  get(values: LabelValues, make: () => T): T | null {
    const key = values.join('\u0000')
    const known = this.#all.get(key)
    if (known !== undefined) return known.held
    if (this.#all.size >= MOST_SERIES) return null
    const held = make()
    this.#all.set(key, { values, held })
    return held
  }

  clear(): void {
    this.#all.clear()
  }

  [Symbol.iterator](): Iterator<{ values: LabelValues; held: T }> {
    return this.#all.values()
  }
}

export class Counter implements Metric {
  readonly type: 'counter' | 'gauge'
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]
  protected readonly series = new Series<{ value: number }>()

  constructor(type: 'counter' | 'gauge', { name, help, labels }: Described) {
    this.type = type
    this.name = name
    this.help = help
    this.labels = labels
  }

  add(values: LabelValues, by = 1): void {
    const series = this.series.get(values, () => ({ value: 0 }))
    if (series !== null) series.value += by
  }

  lines(): string[] {
    return [...this.series].map(
      ({ values, held }) => `${toSeries(this.name, this.labels, values)} ${toNumber(held.value)}`,
    )
  }

  read(): ReadSeries[] {
    return [...this.series].map(({ values, held }) => ({
      labels: named(this.labels, values),
      value: held.value,
    }))
  }

  /** Of what is counted elsewhere: the total as it is there. */
  setTotal(values: LabelValues, value: number): void {
    const series = this.series.get(values, () => ({ value: 0 }))
    if (series !== null) series.value = value
  }
}

export class Gauge extends Counter {
  constructor(described: Described) {
    super('gauge', described)
  }

  set(values: LabelValues, value: number): void {
    this.setTotal(values, value)
  }

  /** Before a look at everything: what is no more is not told. */
  clear(): void {
    this.series.clear()
  }
}

export class Histogram implements Metric {
  readonly type = 'histogram'
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]
  readonly #bounds: readonly number[]
  readonly #series = new Series<{ counts: number[]; sum: number; count: number }>()

  constructor({ name, help, labels }: Described, bounds: readonly number[]) {
    this.name = name
    this.help = help
    this.labels = labels
    this.#bounds = bounds
  }

  observe(values: LabelValues, value: number): void {
    const series = this.#series.get(values, () => ({ counts: this.#bounds.map(() => 0), sum: 0, count: 0 }))
    if (series === null) return
    series.sum += value
    series.count += 1
    for (const [index, bound] of this.#bounds.entries()) if (value <= bound) series.counts[index]! += 1
  }

  read(): ReadSeries[] {
    return [...this.#series].map(({ values, held: { counts, sum, count } }) => {
      // They are kept as they are rendered: each with all below it.
      const all = [...counts, count]
      const alone = all.map((upTo, index) => upTo - (all[index - 1] ?? 0))
      return {
        labels: named(this.labels, values),
        value: sum,
        buckets: { bounds: this.#bounds, counts: alone, count },
      }
    })
  }

  lines(): string[] {
    const { name, labels } = this
    return [...this.#series].flatMap(({ values, held: { counts, sum, count } }) => [
      ...this.#bounds.map(
        (bound, index) => `${toSeries(`${name}_bucket`, labels, values, `le="${bound}"`)} ${counts[index]}`,
      ),
      `${toSeries(`${name}_bucket`, labels, values, 'le="+Inf"')} ${count}`,
      `${toSeries(`${name}_sum`, labels, values)} ${toNumber(sum)}`,
      `${toSeries(`${name}_count`, labels, values)} ${count}`,
    ])
  }
}
