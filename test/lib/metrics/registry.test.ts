// The text format of Prometheus, as its own documentation has it.
import { expect, it } from '@jest/globals'

import { Registry } from '../../../src/lib/metrics/registry.ts'

it('counts, and tells by labels', () => {
  const registry = new Registry()
  const runs = registry.counter('runs_total', 'Runs.', ['connector', 'result'])
  runs.add(['a', 'done'])
  runs.add(['a', 'done'], 2)
  runs.add(['b', 'failed'])
  expect(registry.render()).toBe(`# HELP runs_total Runs.
# TYPE runs_total counter
runs_total{connector="a",result="done"} 3
runs_total{connector="b",result="failed"} 1
`)
})

it('a histogram is cumulative, and has all in +Inf', () => {
  const registry = new Registry()
  const seconds = registry.histogram('took_seconds', 'Took.', ['api'], [0.1, 1])
  for (const one of [0.05, 0.1, 0.5, 7]) seconds.observe(['brevo'], one)
  expect(registry.render().split('\n').slice(2, -1)).toEqual([
    'took_seconds_bucket{api="brevo",le="0.1"} 2',
    'took_seconds_bucket{api="brevo",le="1"} 3',
    'took_seconds_bucket{api="brevo",le="+Inf"} 4',
    'took_seconds_sum{api="brevo"} 7.65',
    'took_seconds_count{api="brevo"} 4',
  ])
})

it('what a label holds can end neither its quotes nor its line', () => {
  const registry = new Registry()
  registry.gauge('up', 'Up.', ['name']).set(['a"b\\c\nd'], 1)
  expect(registry.render()).toContain('up{name="a\\"b\\\\c\\nd"} 1\n')
})

it('a gauge that is cleared tells nothing of what is no more', () => {
  const registry = new Registry()
  const letters = registry.gauge('letters', 'Letters.', ['kind'])
  letters.set(['record'], 3)
  letters.clear()
  letters.set(['event'], 1)
  expect(registry.render()).not.toContain('record')
})

it('a label that grows without bound does not', () => {
  const registry = new Registry()
  const all = registry.counter('all_total', 'All.', ['id'])
  for (let id = 0; id < 5_000; id += 1) all.add([String(id)])
  expect(registry.render().split('\n').length).toBeLessThan(1_100)
})
