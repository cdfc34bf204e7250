// Calls a webhook over real HTTP, as a helpdesk does.
import { request } from 'node:http'

import type { Delivery } from './helpdesk.ts'

const TIMEOUT_MS = 5_000

/** True if it was answered 2xx in time. */
export function deliverOverHttp({ url, headers, body }: Delivery): Promise<boolean> {
  return new Promise((resolve) => {
    const call = request(
      url,
      { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, timeout: TIMEOUT_MS },
      (response) => {
        response.resume()
        response.on('end', () => resolve(response.statusCode !== undefined && response.statusCode < 300))
      },
    )
    call.on('error', () => resolve(false))
    call.on('timeout', () => call.destroy())
    call.end(body)
  })
}
