// Commands that change the state do it themselves, or ask the daemon that holds it.
import { request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'

import { type ErrorCode, TajoError } from '../../../lib/errors.ts'
import { toSocketPath } from '../../server/socket-path.ts'

/** While a changed connectors.yml goes live the daemon's door is shut for a moment. */
const TRIES = 20
const TRY_AGAIN_MS = 100

/** Throws what the daemon threw; `state_locked` where whoever holds the state is no daemon. */
export async function hereOrBeside<T>(
  stateDir: string,
  here: () => Promise<T>,
  action: string,
  given: object,
): Promise<T> {
  try {
    return await here()
  } catch (thrown) {
    if (!(thrown instanceof TajoError) || thrown.code !== 'state_locked') throw thrown
    for (let tries = 0; tries < TRIES; tries += 1) {
      const answer = await ask(toSocketPath(stateDir), action, given)
      if (answer !== null) return toResult(answer) as T
      await delay(TRY_AGAIN_MS)
    }
    throw thrown
  }
}

interface Answer {
  status: number
  body: string
}

/** Null: nobody is there. */
function ask(socketPath: string, action: string, given: object): Promise<Answer | null> {
  return new Promise((resolve, reject) => {
    const body = JSON.stringify(given)
    const call = request(
      {
        socketPath,
        path: `/${action}`,
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => (text += chunk))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }))
        response.on('error', reject)
      },
    )
    call.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') resolve(null)
      else
        reject(
          new TajoError('daemon_unreachable', 'The running tajo ended while it was doing this.', {
            hint: 'Nothing is half done: run the command again.',
            cause: error,
          }),
        )
    })
    call.end(body)
  })
}

interface Failure {
  error: { code: ErrorCode; message: string; hint?: string; details: string[] }
}

function toResult({ status, body }: Answer): unknown {
  const answer = JSON.parse(body) as unknown
  if (status === 200) return answer
  const { code, message, hint, details } = (answer as Failure).error
  throw new TajoError(code, message, { ...(hint === undefined ? {} : { hint }), details })
}
