// The control API for machines: OpenAPI 3.1. `npm run gen` writes it to schema/openapi.json.
import { OCCURRENCE_TYPES } from '../../model/occurrence.ts'

const text = { type: 'string' } as const
const time = { type: 'string', format: 'date-time' } as const
const orNull = (schema: object) => ({ anyOf: [schema, { type: 'null' }] })
const object = (properties: Record<string, object>, required: string[] = Object.keys(properties)) => ({
  type: 'object',
  properties,
  required,
})
const json = (schema: object) => ({ content: { 'application/json': { schema } } })
const name = {
  name: 'name',
  in: 'path',
  required: true,
  schema: text,
  description: 'The connector, as connectors.yml calls it.',
}
const errors = {
  '400': {
    description: 'The request or the configuration is wrong.',
    ...json({ $ref: '#/components/schemas/Error' }),
  },
  '401': { description: 'No key, or another one.' },
  '502': { description: 'The helpdesk or Brevo refuses.', ...json({ $ref: '#/components/schemas/Error' }) },
  '503': { description: 'They can not be reached now.', ...json({ $ref: '#/components/schemas/Error' }) },
}

function operation(
  operationId: string,
  summary: string,
  answer: object,
  more: { body?: object; parameters?: object[] } = {},
) {
  return {
    operationId,
    summary,
    parameters: [...(more.parameters ?? [name])],
    ...(more.body === undefined ? {} : { requestBody: { required: true, ...json(more.body) } }),
    responses: { '200': { description: 'Done.', ...json(answer) }, ...errors },
  }
}

const id = { name: 'id', in: 'path', required: true, schema: text }
const occurrence = { type: 'string', enum: [...OCCURRENCE_TYPES] }

export const OPENAPI = {
  openapi: '3.1.0',
  info: {
    title: 'tajo control API',
    version: '1',
    description:
      'What can be asked of a running `tajo start`. Off without TAJO_API_KEY; it listens on loopback unless told otherwise.',
  },
  security: [{ key: [] }],
  paths: {
    '/v1/connectors/{name}/connect': {
      post: operation(
        'connect',
        'Tries the keys of the daemon.',
        object({ connected: { const: true }, account: text }),
      ),
    },
    '/v1/connectors/{name}/status': {
      get: operation('status', 'What is connected, how far it is, what was set aside.', {
        $ref: '#/components/schemas/Status',
      }),
    },
    '/v1/connectors/{name}/sync': {
      post: operation(
        'sync',
        'Reads what changed and delivers what follows; answers when that is done.',
        { type: 'object' },
        {
          body: object(
            {
              type: { type: 'string', enum: ['incremental', 'full'], default: 'incremental' },
              resources: {
                type: 'array',
                items: { type: 'string', enum: ['customers', 'tickets', 'satisfaction_surveys'] },
              },
              since: { type: 'string', examples: ['2024-01-31'] },
              batchSize: { type: 'integer', minimum: 1, maximum: 100 },
            },
            [],
          ),
        },
      ),
    },
    '/v1/connectors/{name}/events': {
      post: operation(
        'handleEvent',
        'A hint: the ticket that is named is read again.',
        object({ accepted: { type: 'boolean' } }),
        {
          body: object({ type: text, payload: object({ ticketId: text }) }),
        },
      ),
    },
    '/v1/connectors/{name}/handlers': {
      post: operation(
        'listen',
        'Has these kinds of occurrences kept for a handler.',
        { type: 'object' },
        {
          body: object({ types: { type: 'array', items: occurrence } }),
        },
      ),
    },
    '/v1/connectors/{name}/occurrences': {
      get: operation(
        'occurrences',
        'What handlers are to be told; waits for something to come.',
        { type: 'array', items: { $ref: '#/components/schemas/Occurrence' } },
        {
          parameters: [
            name,
            { name: 'types', in: 'query', required: true, schema: text, description: 'Divided by commas.' },
            {
              name: 'wait',
              in: 'query',
              schema: { type: 'integer', minimum: 0, maximum: 30 },
              description: 'Seconds.',
            },
          ],
        },
      ),
    },
    '/v1/connectors/{name}/occurrences/{id}/ack': {
      post: operation(
        'taken',
        'A handler has dealt with it.',
        { type: 'object' },
        { parameters: [name, id] },
      ),
    },
    '/v1/connectors/{name}/occurrences/{id}/nack': {
      post: operation(
        'refused',
        'A handler failed: it is told again later, and set aside after five tries.',
        object({ retryInMs: orNull({ type: 'integer' }) }),
        { parameters: [name, id], body: object({ attempts: { type: 'integer' }, reason: text }) },
      ),
    },
    '/v1/campaigns/{name}/trigger': {
      post: operation(
        'trigger',
        'Fires a campaign for one contact, if its guards allow it.',
        object({ fired: { type: 'boolean' }, reason: orNull(text), eventId: text }),
        {
          parameters: [{ ...name, description: 'The campaign.' }],
          body: object({ email: text, params: { type: 'object' }, idempotencyKey: text }, ['email']),
        },
      ),
    },
  },
  components: {
    securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'TAJO_API_KEY' } },
    schemas: {
      Error: object({ error: object({ code: text, message: text, hint: text }, ['code', 'message']) }),
      Status: object({
        connected: { type: 'boolean' },
        running: { type: 'boolean' },
        lastSync: orNull(time),
        customersCount: { type: 'integer' },
        ticketsTracked: { type: 'integer' },
        csatResponses: { type: 'integer' },
        contactsInBrevo: { type: 'integer' },
      }),
      Occurrence: object({
        id: text,
        type: occurrence,
        at: time,
        connector: text,
        customer: object({ id: orNull(text), email: text, name: orNull(text) }),
        assignee: object({ name: orNull(text) }),
        subject: orNull(text),
        channel: orNull(text),
        tags: { type: 'array', items: text },
        resolution_time: orNull({ type: 'number', description: 'Minutes.' }),
        first_response_time: orNull({ type: 'number', description: 'Minutes.' }),
        satisfaction_score: orNull({ type: 'number' }),
        attempts: { type: 'integer' },
      }),
    },
  },
} as const
