// OpenTelemetry, where the standard environment variables ask for it: runs and their requests as spans, the numbers of /metrics as metrics, by
// OTLP over HTTP. Its packages are loaded only then, and need not be there otherwise (facts: observability.md § 4).
import type { Env } from '../../config/load.ts'
import { coerceError } from '../../lib/errors.ts'
import type { Log } from '../../lib/log/log.ts'
import { loadPackage } from '../../lib/packages.ts'
import { noTrace, type Trace } from '../../lib/trace.ts'
import type { Meters } from '../meters.ts'

export interface Telemetry {
  trace: Trace
  /** What was not sent yet is. */
  close(): Promise<void>
}

/** Which of the two are asked for. */
export function readAsked(env: Env): { traces: boolean; metrics: boolean } {
  const isSet = (name: string): boolean => (env[name] ?? '') !== ''
  const isOff = env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true'
  const asks = (signal: 'TRACES' | 'METRICS'): boolean =>
    !isOff &&
    (isSet('OTEL_EXPORTER_OTLP_ENDPOINT') || isSet(`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`)) &&
    env[`OTEL_${signal}_EXPORTER`] !== 'none'
  return { traces: asks('TRACES'), metrics: asks('METRICS') }
}

const NONE: Telemetry = { trace: noTrace, close: async () => undefined }

/** Null packages, or one that can't be loaded, are no reason not to sync: it is said, and nothing is told. */
export async function openTelemetry(env: Env, meters: Meters, log: Log): Promise<Telemetry> {
  const asked = readAsked(env)
  const opened: Telemetry[] = []
  try {
    if (asked.traces) {
      const load = () => import('./traces.ts')
      opened.push(
        (await loadPackage<Awaited<ReturnType<typeof load>>>(PACKAGES.traces, 'Traces', load)).openTraces(
          env,
        ),
      )
    }
    if (asked.metrics) {
      const load = () => import('./metrics.ts')
      opened.push(
        (
          await loadPackage<Awaited<ReturnType<typeof load>>>(PACKAGES.metrics, 'Metrics by OTLP', load)
        ).openMetrics(env, meters),
      )
    }
  } catch (thrown) {
    const { message, hint } = coerceError(thrown)
    log.warn('OpenTelemetry is asked for by the environment, and nothing is told', { reason: message, hint })
  }
  if (opened.length === 0) return NONE
  return {
    trace: opened.find(({ trace }) => trace !== noTrace)?.trace ?? noTrace,
    async close() {
      await Promise.all(opened.map((one) => one.close()))
    },
  }
}

const PACKAGES = {
  traces: '@opentelemetry/api @opentelemetry/sdk-trace-node @opentelemetry/exporter-trace-otlp-http',
  metrics: '@opentelemetry/api @opentelemetry/sdk-metrics @opentelemetry/exporter-metrics-otlp-http',
}
