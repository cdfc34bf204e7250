// The small listings as Gorgias writes them: users, tags, mailboxes, custom fields (gorgias-api.md § 4).
import { time } from './json.ts'
import type { WorldField, WorldTag, WorldUser, WorldWebhook } from '../shop/world.ts'

export function userItem(one: WorldUser): Record<string, unknown> {
  return {
    id: one.id,
    active: true,
    bio: null,
    created_datetime: time(one.created),
    country: null,
    deactivated_datetime: null,
    email: one.email,
    external_id: null,
    firstname: one.name.split(' ')[0],
    has_password: true,
    has_2fa_enabled: false,
    lastname: one.name.split(' ').slice(1).join(' '),
    language: 'en',
    meta: {},
    name: one.name,
    role: { name: 'agent' },
    timezone: 'UTC',
    updated_datetime: time(one.created),
    client_id: null,
    uri: `/api/users/${one.id}/`,
  }
}

export function tagItem(one: WorldTag): Record<string, unknown> {
  return {
    id: one.id,
    decoration: null,
    description: null,
    name: one.name,
    usage: 0,
    uri: `/api/tags/${one.id}/`,
    created_datetime: time(one.created),
    deleted_datetime: null,
  }
}

export function mailboxItem(one: { id: number; address: string; created: number }): Record<string, unknown> {
  return {
    id: one.id,
    created_datetime: time(one.created),
    deactivated_datetime: null,
    decoration: null,
    description: null,
    http: null,
    locked_datetime: null,
    meta: { provider: 'sendgrid', address: one.address },
    name: 'Support',
    type: 'email',
    updated_datetime: time(one.created),
    user: { id: 1 },
    uri: `/api/integrations/${one.id}/`,
    application_id: null,
    managed: false,
    business_hours_id: null,
  }
}

export function webhookItem(one: WorldWebhook): Record<string, unknown> {
  return {
    ...mailboxItem({ id: one.id, address: '', created: one.created }),
    name: one.name,
    type: 'http',
    meta: {},
    deactivated_datetime: time(one.deactivated),
    // Header values are not given back.
    http: {
      ...one.http,
      headers: Object.fromEntries(Object.keys(one.http.headers).map((name) => [name, '***'])),
      request_content_type: 'application/json',
      response_content_type: 'application/json',
    },
  }
}

export function fieldItem(one: WorldField): Record<string, unknown> {
  return {
    id: one.id,
    external_id: null,
    object_type: 'Customer',
    label: one.label,
    description: null,
    priority: 0,
    required: false,
    requirement_type: 'visible',
    managed_type: one.managedType,
    definition: {
      data_type: one.type,
      input_settings: { input_type: 'input', placeholder: '', default: null },
    },
    created_datetime: time(one.created),
    updated_datetime: time(one.created),
    deactivated_datetime: null,
  }
}
