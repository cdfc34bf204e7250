// What a helpdesk holds, field by field. Dates are microseconds since the epoch.
export interface WorldCustomer {
  id: number
  email: string | null
  name: string | null
  firstname: string
  lastname: string
  externalId: string | null
  language: string | null
  timezone: string | null
  note: string | null
  phone: string | null
  created: number
  updated: number
  customFields: Record<string, unknown>
  data: Record<string, unknown> | null
}

export interface WorldTicket {
  id: number
  customerId: number
  status: 'open' | 'closed'
  channel: string
  subject: string | null
  tags: string[]
  assignee: number | null
  spam: boolean
  created: number
  updated: number
  closed: number | null
  /** The last closing that was no snooze, and the last reopening: they stay. */
  done?: number
  reopened?: number
  snooze: number | null
  trashed: number | null
  messages: number
  /** What happened to it besides what was said, the oldest first; only vendors that show it do. */
  history?: WorldChange[]
  /** What the customer gave an AI agent. */
  aiScore?: number | null
}

export interface WorldChange {
  id: number
  type: 'closed' | 'snoozed' | 'reopened' | 'woken' | 'assigned' | 'handed_over'
  at: number
  /** Who has it now. */
  user: number | null
}

export interface WorldAgentState {
  id: number
  user: number
  state: 'online' | 'away' | 'offline' | 'idle' | 'occupied'
  reason: string | null
  at: number
}

export interface WorldMessage {
  id: number
  ticketId: number
  customerId: number
  created: number
  fromAgent: boolean
  public: boolean
  note: boolean
  rule: number | null
  macros: number[]
}

export interface WorldSurvey {
  id: number
  ticketId: number
  customerId: number
  score: number | null
  comment: string | null
  created: number
  sent: number | null
  scored: number | null
}

export interface WorldEvent {
  id: number
  type: string
  objectType: string
  objectId: number
  data: Record<string, unknown> | null
  created: number
}

export interface WorldUser {
  id: number
  email: string
  name: string
  created: number
}

export interface WorldTag {
  id: number
  name: string
  created: number
}

/** What the helpdesk calls when something happens to a ticket. */
export interface WorldWebhook {
  id: number
  name: string
  created: number
  deactivated: number | null
  /** One after the other. */
  failures: number
  http: {
    url: string
    method: string
    headers: Record<string, string>
    form: Record<string, string>
    triggers: Record<string, boolean>
  }
}

export interface WorldField {
  id: number
  label: string
  type: 'text' | 'number' | 'boolean'
  managedType: string | null
  created: number
}
