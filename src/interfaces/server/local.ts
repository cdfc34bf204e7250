// The door for commands of the same user on this machine: a socket in the state's directory. Who may read the state may use it,
// so it needs no key, and is open where the server is switched off, too.
import { rmSync } from 'node:fs'

import fastify from 'fastify'

import { coerceError, isAbort, TajoError } from '../../lib/errors.ts'
import { toSocketPath } from './socket-path.ts'

/** Does one thing, with what was given for it; what it gives goes back as JSON. */
export type LocalActions = Record<string, (given: Record<string, unknown>) => Promise<unknown>>

const STOPPED = new TajoError('daemon_unreachable', 'The running tajo was stopped before this was done.', {
  hint: 'Nothing is half done: run the command again.',
})

/** In bytes: `replay` names up to half a million events. */
const LONGEST_BODY = 64 * 2 ** 20

/** Whoever calls holds the lock of the state: a socket that is there was left by a process that died. */
export async function openLocalDoor(
  stateDir: string,
  actions: LocalActions,
): Promise<{ close(): Promise<void> }> {
  const routes = fastify({ forceCloseConnections: true, bodyLimit: LONGEST_BODY })
  for (const [name, action] of Object.entries(actions)) {
    routes.post(`/${name}`, async (request, reply) => {
      try {
        return await reply
          .type('application/json')
          .send(JSON.stringify((await action(request.body as Record<string, unknown>)) ?? {}))
      } catch (thrown) {
        const { code, message, hint, details } = isAbort(thrown) ? STOPPED : coerceError(thrown)
        return await reply.code(500).send({ error: { code, message, hint, details } })
      }
    })
  }
  const path = toSocketPath(stateDir)
  if (process.platform !== 'win32') rmSync(path, { force: true })
  const umask = process.umask(0o177)
  try {
    await routes.listen({ path })
  } finally {
    process.umask(umask)
  }
  return {
    async close() {
      await routes.close()
    },
  }
}
