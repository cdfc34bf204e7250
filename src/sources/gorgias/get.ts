// One address asked: a list or a listing must answer; what an object's own address says concerns that object alone.
import { type ErrorCode, TajoError } from '../../lib/errors.ts'
import type { Params } from '../client.ts'
import type { GorgiasAnswer, GorgiasClient } from './client.ts'

/** Whoever tries a connection waits for the answer. */
export const PROBE_RETRIES = 1

export async function getJson(
  client: GorgiasClient,
  path: string,
  params: Params,
  signal?: AbortSignal,
  retries?: number,
): Promise<unknown> {
  const isContinued = params['cursor'] !== undefined
  const asked = { path, params, isContinued, ...(retries === undefined ? {} : { retries }) }
  const answer = await client.ask(asked, signal)
  if (answer.status === 200) return answer.json
  throw new TajoError('source_refused', `Gorgias answered ${path} with ${answer.status}.`, {
    hint: 'Check `domain` (or `base_url`) of the connector.',
  })
}

/** What Gorgias refuses to say of one object concerns that object alone. */
export async function getObject(
  client: GorgiasClient,
  path: string,
  params: Params,
  signal?: AbortSignal,
): Promise<GorgiasAnswer> {
  try {
    return await client.ask(
      { path, params, ofOne: true, isContinued: params['cursor'] !== undefined },
      signal,
    )
  } catch (thrown) {
    if (!(thrown instanceof TajoError)) throw thrown
    const code = OBJECT_ERRORS[thrown.code]
    if (code === undefined) throw thrown
    throw new TajoError(code, thrown.message, { cause: thrown })
  }
}

/** What something in between has answered says nothing of the object: it is asked for again by the next run. */
const OBJECT_ERRORS: Partial<Record<ErrorCode, ErrorCode>> = {
  source_refused: 'record_invalid',
  source_not_found: 'record_invalid',
  source_unreadable: 'record_unavailable',
}
