// Counts requests on their way, and how long their answers took.
import type { Http, HttpOutcome, HttpRequest } from '../lib/net/http.ts'
import type { Clock } from '../lib/time/clock.ts'
import type { Meters } from './meters.ts'

export function watchHttp(api: string, http: Http, meters: Meters, clock: Clock): Http {
  return {
    async send(request: HttpRequest): Promise<HttpOutcome> {
      const sentAt = clock.monotonic()
      const outcome = await http.send(request)
      meters.request(api, outcome, (clock.monotonic() - sentAt) / 1000)
      return outcome
    },
    close: () => http.close(),
  }
}
