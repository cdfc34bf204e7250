// Spans by OpenTelemetry. Loaded only where they are asked for.
import { context, SpanKind, SpanStatusCode, trace as traces } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node'
import { resourceFromAttributes } from '@opentelemetry/resources'

import type { Env } from '../../config/load.ts'
import { coerceError, isAbort } from '../../lib/errors.ts'
import { VERSION } from '../../lib/version.ts'
import { readResource } from './resource.ts'
import type { Telemetry } from './telemetry.ts'

const KINDS = { internal: SpanKind.INTERNAL, client: SpanKind.CLIENT }

/** Address, sampler and batches are read from the environment by the packages. */
export function openTraces(env: Env): Telemetry {
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes(readResource(env)),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  })
  // No header goes to a helpdesk or to Brevo.
  provider.register({ propagator: null })
  const tracer = provider.getTracer('tajo', VERSION)
  return {
    trace: {
      async span(name, values, kind, action) {
        const span = tracer.startSpan(name, { kind: KINDS[kind], attributes: values })
        try {
          return await context.with(traces.setSpan(context.active(), span), () =>
            action({ note: (more) => void span.setAttributes(more) }),
          )
        } catch (thrown) {
          // Its code has a page in docs/errors; its message may hold what a helpdesk wrote.
          const code = isAbort(thrown) ? 'stopped' : coerceError(thrown).code
          span.setStatus({ code: SpanStatusCode.ERROR, message: code })
          throw thrown
        } finally {
          span.end()
        }
      },
    },
    close: () => provider.shutdown(),
  }
}
