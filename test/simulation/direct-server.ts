// The fakes' routes without a web server: what fastify's `inject` answers, at a twentieth of its time. Only what the fakes use.
import type { FastifyInstance } from 'fastify'

export interface DirectRequest {
  method: string
  url: string
  headers: Record<string, string>
  payload?: string
}

export interface DirectResponse {
  statusCode: number
  headers: Record<string, unknown>
  body: string
}

export interface DirectServer {
  routes: FastifyInstance
  inject(request: DirectRequest): Promise<DirectResponse>
}

type Request = Omit<DirectRequest, 'payload'> & {
  query: Record<string, string | string[]>
  params: Record<string, string>
  body: unknown
  routeOptions: { url: string | undefined }
}
type Handler = (request: Request, reply: Reply) => unknown

interface Route {
  method: string
  template: string
  parts: readonly string[]
  handler: Handler
}

class Reply {
  statusCode = 200
  sent = false
  body = ''
  readonly headers: Record<string, unknown> = {}

  code(status: number): this {
    this.statusCode = status
    return this
  }
  header(name: string, value: unknown): this {
    this.headers[name.toLowerCase()] = value
    return this
  }
  type(value: string): this {
    return this.header('content-type', value)
  }
  send(body?: unknown): this {
    this.sent = true
    if (typeof body === 'string') this.body = body
    else if (body !== undefined) {
      this.body = JSON.stringify(body)
      this.header('content-type', 'application/json; charset=utf-8')
    }
    return this
  }
}

export function createDirectServer(): DirectServer {
  const routes: Route[] = []
  const hooks: ((request: Request, reply: Reply) => Promise<unknown>)[] = []
  let onError = (thrown: unknown, _request: Request, _reply: Reply): unknown => {
    throw thrown
  }
  let onNotFound: Handler = (_, reply) => reply.code(404).send()

  const add =
    (method: string) =>
    (template: string, ...rest: unknown[]): void =>
      void routes.push({ method, template, parts: split(template), handler: rest.at(-1) as Handler })
  const served = {
    get: add('GET'),
    post: add('POST'),
    put: add('PUT'),
    patch: add('PATCH'),
    delete: add('DELETE'),
    // The simulated network has faults of its own: `preHandler` and `onSend` are those of the sandbox over HTTP.
    addHook: (name: string, hook: (typeof hooks)[number]) => void (name === 'onRequest' && hooks.push(hook)),
    setErrorHandler: (handler: typeof onError) => void (onError = handler),
    setNotFoundHandler: (handler: Handler) => void (onNotFound = handler),
  }

  async function inject({ method, url, headers, payload }: DirectRequest): Promise<DirectResponse> {
    const { pathname, searchParams } = new URL(url, 'http://direct.test')
    const path = split(pathname)
    const candidates = routes.filter((one) => one.method === method && matches(one.parts, path))
    // As in fastify, a written part goes before a parameter.
    const route = candidates.find((one) => !one.template.includes(':')) ?? candidates[0]
    const request: Request = {
      method,
      url,
      headers,
      query: toQuery(searchParams),
      params: route === undefined ? {} : toParams(route.parts, path),
      body: payload === undefined ? undefined : JSON.parse(payload),
      routeOptions: { url: route?.template },
    }
    const reply = new Reply()
    try {
      for (const hook of hooks) if (!reply.sent) await hook(request, reply)
      const result = reply.sent ? reply : await (route?.handler ?? onNotFound)(request, reply)
      if (!reply.sent) reply.send(result)
    } catch (thrown) {
      onError(thrown, request, reply)
    }
    return { statusCode: reply.statusCode, headers: reply.headers, body: reply.body }
  }

  return { routes: served as unknown as FastifyInstance, inject }
}

/** What is given more than once is a list. */
function toQuery(params: URLSearchParams): Record<string, string | string[]> {
  const query: Record<string, string | string[]> = {}
  for (const name of new Set(params.keys())) {
    const values = params.getAll(name)
    query[name] = values.length === 1 ? values[0]! : values
  }
  return query
}

function split(path: string): string[] {
  return path.split('/').filter((part) => part !== '')
}

function matches(template: readonly string[], path: readonly string[]): boolean {
  return (
    template.length === path.length &&
    template.every((part, index) => part.startsWith(':') || part === path[index])
  )
}

function toParams(template: readonly string[], path: readonly string[]): Record<string, string> {
  const params: Record<string, string> = {}
  template.forEach((part, index) => {
    if (part.startsWith(':')) params[part.slice(1)] = decodeURIComponent(path[index]!)
  })
  return params
}
