// The numbers of /metrics, sent by OTLP: of the same registry, under the same names. Loaded only where they are asked for.
import { type HrTime, ValueType } from '@opentelemetry/api'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  AggregationTemporality,
  DataPointType,
  type MetricData,
  type MetricProducer,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'

import type { Env } from '../../config/load.ts'
import type { ReadMetric } from '../../lib/metrics/registry.ts'
import { noTrace } from '../../lib/trace.ts'
import { VERSION } from '../../lib/version.ts'
import type { Meters } from '../meters.ts'
import { readResource } from './resource.ts'
import type { Telemetry } from './telemetry.ts'

const DEFAULT_EVERY_MS = 60_000

/** The address is read from the environment by the package. */
export function openMetrics(env: Env, meters: Meters): Telemetry {
  const resource = resourceFromAttributes(readResource(env))
  const startTime = toHrTime(meters.startedAtMs)
  const producer: MetricProducer = {
    collect: async () => {
      const endTime = toHrTime(meters.refresh())
      const metrics = meters.registry.read().map((one) => toMetricData(one, startTime, endTime))
      const scope = { name: 'tajo', version: VERSION }
      return { resourceMetrics: { resource, scopeMetrics: [{ scope, metrics }] }, errors: [] }
    },
  }
  const every = Number(env['OTEL_METRIC_EXPORT_INTERVAL'])
  const reader = new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter(),
    exportIntervalMillis: every > 0 ? every : DEFAULT_EVERY_MS,
    ...(every > 0 ? { exportTimeoutMillis: Math.min(every, 30_000) } : {}),
  })
  reader.setMetricProducer(producer)
  return { trace: noTrace, close: () => reader.shutdown() }
}

const toHrTime = (ms: number): HrTime => [Math.floor(ms / 1000), Math.floor((ms % 1000) * 1e6)]

function toMetricData(
  { name, help, type, series }: ReadMetric,
  startTime: HrTime,
  endTime: HrTime,
): MetricData {
  const base = {
    descriptor: { name, description: help, unit: '', valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  }
  const times = { startTime, endTime }
  if (type === 'histogram')
    return {
      ...base,
      dataPointType: DataPointType.HISTOGRAM,
      dataPoints: series.map(({ labels, value, buckets }) => ({
        ...times,
        attributes: labels,
        value: {
          buckets: { boundaries: [...(buckets?.bounds ?? [])], counts: [...(buckets?.counts ?? [])] },
          sum: value,
          count: buckets?.count ?? 0,
        },
      })),
    }
  const dataPoints = series.map(({ labels, value }) => ({ ...times, attributes: labels, value }))
  return type === 'counter'
    ? { ...base, dataPointType: DataPointType.SUM, dataPoints, isMonotonic: true }
    : { ...base, dataPointType: DataPointType.GAUGE, dataPoints }
}
