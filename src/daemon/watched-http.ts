// Counts requests on their way, and how long their answers took.
import type { Http, HttpOutcome, HttpRequest } from '../lib/net/http.ts'
import type { Trace } from '../lib/trace.ts'
import type { Clock } from '../lib/time/clock.ts'
import type { Meters } from './meters.ts'

/** Neither the path nor the body is told: addresses stand in both. */
export function watchHttp(
  api: string,
  http: Http,
  { meters, trace, clock }: { meters: Meters; trace: Trace; clock: Clock },
): Http {
  return {
    async send(request: HttpRequest): Promise<HttpOutcome> {
      const sentAt = clock.monotonic()
      const values = {
        'tajo.api': api,
        'http.request.method': request.method,
        'server.address': new URL(request.url).hostname,
      }
      const outcome = await trace.span('tajo.http', values, 'client', async (span) => {
        const found = await http.send(request)
        span.note({
          'tajo.outcome': found.outcome,
          ...(found.outcome === 'answer' ? { 'http.response.status_code': found.status } : {}),
        })
        return found
      })
      meters.request(api, outcome, (clock.monotonic() - sentAt) / 1000)
      return outcome
    },
    close: () => http.close(),
  }
}
