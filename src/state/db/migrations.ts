// The schema, as ordered steps that are only ever added to. `user_version` counts the steps taken.
// Instants are integers: microseconds since the epoch (model/time.ts).
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

  CREATE TABLE cursors (
    source TEXT NOT NULL,
    stream TEXT NOT NULL,
    watermark INTEGER,            -- all up to here has been read
    walk TEXT,                    -- JSON: the walk under way {high, low, token}
    backfill TEXT,                -- JSON: {high, low, token}; while it is under way
    backfilled_at INTEGER,
    PRIMARY KEY (source, stream)
  ) WITHOUT ROWID;

  CREATE TABLE customers (
    source TEXT NOT NULL, id TEXT NOT NULL,
    email TEXT,                   -- normalised: the identity
    name TEXT, firstname TEXT, lastname TEXT, language TEXT, timezone TEXT, external_id TEXT, note TEXT,
    phone TEXT,                   -- as typed; read from the customer's own page when phone is mapped
    phone_due INTEGER NOT NULL DEFAULT 1, phone_invalid INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, version TEXT NOT NULL,
    custom_fields TEXT NOT NULL DEFAULT '{}', data TEXT,
    stub INTEGER NOT NULL DEFAULT 0,
    merged_into TEXT, deleted INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (source, id)
  ) WITHOUT ROWID;
  CREATE INDEX customers_email ON customers (email) WHERE email IS NOT NULL;
  CREATE INDEX customers_phone_due ON customers (source, id)
    WHERE phone_due = 1 AND email IS NOT NULL AND deleted = 0 AND merged_into IS NULL AND stub = 0;
  CREATE INDEX customers_merged ON customers (source, merged_into) WHERE merged_into IS NOT NULL;

  CREATE TABLE tickets (
    source TEXT NOT NULL, id TEXT NOT NULL,
    customer_id TEXT, status TEXT NOT NULL, channel TEXT, subject TEXT, tags TEXT NOT NULL DEFAULT '[]',
    assignee_name TEXT, spam INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, version TEXT NOT NULL,
    closed_at INTEGER, snoozed_until INTEGER, trashed_at INTEGER,
    merged_into TEXT, deleted INTEGER NOT NULL DEFAULT 0,
    last_change TEXT,             -- closed | snoozed | reopened: the last change of status that the event feed told
    PRIMARY KEY (source, id)
  ) WITHOUT ROWID;
  CREATE INDEX tickets_customer ON tickets (source, customer_id);

  CREATE TABLE messages (        -- who spoke when; only what response times need
    source TEXT NOT NULL, ticket_id TEXT NOT NULL, created_at INTEGER NOT NULL, id TEXT NOT NULL,
    author TEXT NOT NULL,
    PRIMARY KEY (source, ticket_id, created_at, id)
  ) WITHOUT ROWID;

  CREATE TABLE surveys (
    source TEXT NOT NULL, id TEXT NOT NULL,
    ticket_id TEXT, customer_id TEXT, score REAL, created_at INTEGER NOT NULL, sent_at INTEGER, scored_at INTEGER,
    PRIMARY KEY (source, id)
  ) WITHOUT ROWID;
  CREATE INDEX surveys_customer ON surveys (source, customer_id) WHERE score IS NOT NULL;

  CREATE TABLE own_addresses (source TEXT NOT NULL, id TEXT NOT NULL, email TEXT NOT NULL, PRIMARY KEY (source, id)) WITHOUT ROWID;
  CREATE INDEX own_addresses_email ON own_addresses (email);
  CREATE TABLE custom_fields (source TEXT NOT NULL, id TEXT NOT NULL, label TEXT NOT NULL, data_type TEXT NOT NULL, PRIMARY KEY (source, id)) WITHOUT ROWID;

  CREATE TABLE source_events (   -- entries of the event feed that still have to be looked at
    source TEXT NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL, object_id TEXT NOT NULL, merged_from TEXT, at INTEGER NOT NULL,
    done INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (source, id)
  ) WITHOUT ROWID;
  CREATE INDEX source_events_open ON source_events (source, at, id) WHERE done = 0;

  CREATE TABLE contacts (        -- what Brevo was last told
    email TEXT PRIMARY KEY,
    attributes TEXT NOT NULL DEFAULT '{}', lists TEXT NOT NULL DEFAULT '{}',
    present INTEGER NOT NULL DEFAULT 0, unverified INTEGER NOT NULL DEFAULT 0, repair INTEGER NOT NULL DEFAULT 0,
    told_at INTEGER
  ) WITHOUT ROWID;
  CREATE INDEX contacts_unverified ON contacts (email) WHERE unverified = 1;

  CREATE TABLE outbox_contacts ( -- contacts that must be brought in step; the values are computed when they are sent
    email TEXT PRIMARY KEY,
    generation INTEGER NOT NULL DEFAULT 1, -- grows with every new cause: an answer to an older one does not clear it
    attempts INTEGER NOT NULL DEFAULT 0, due_at INTEGER NOT NULL DEFAULT 0
  ) WITHOUT ROWID;
  CREATE INDEX outbox_contacts_due ON outbox_contacts (due_at);

  CREATE TABLE outbox_events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL UNIQUE, email TEXT NOT NULL, name TEXT NOT NULL, occurred_at INTEGER NOT NULL,
    payload TEXT,                 -- JSON of the EventWrite; dropped once it is acknowledged
    state TEXT NOT NULL,          -- staged | pending | sending | sent | refused
    attempts INTEGER NOT NULL DEFAULT 0, due_at INTEGER NOT NULL DEFAULT 0, sent_at INTEGER
  );
  CREATE INDEX outbox_events_open ON outbox_events (email, occurred_at, seq) WHERE state IN ('pending', 'sending');
  CREATE INDEX outbox_events_pending ON outbox_events (occurred_at, seq) WHERE state = 'pending';
  CREATE INDEX outbox_events_staged ON outbox_events (seq) WHERE state = 'staged';

  CREATE TABLE brevo_seen (      -- while many contacts are written at once: what Brevo held before
    email TEXT PRIMARY KEY, lists TEXT NOT NULL, unsubscribed TEXT NOT NULL
  ) WITHOUT ROWID;

  CREATE TABLE dead_letters (
    kind TEXT NOT NULL,           -- record | contact | identifier | event
    key TEXT NOT NULL, reason TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 1,
    first_at INTEGER NOT NULL, last_at INTEGER NOT NULL,
    PRIMARY KEY (kind, key)
  ) WITHOUT ROWID;

  CREATE TABLE runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL, started_at INTEGER NOT NULL, ended_at INTEGER,
    result TEXT, error TEXT, report TEXT
  );
  `,
  `
  ALTER TABLE outbox_events ADD COLUMN sending_at INTEGER;                    -- when it last left, or was about to
  ALTER TABLE outbox_events ADD COLUMN looks INTEGER NOT NULL DEFAULT 0;      -- in doubt: how often Brevo was asked for it
  ALTER TABLE outbox_events ADD COLUMN confirmed_at INTEGER;                  -- found in Brevo's event list
  DROP INDEX outbox_events_staged;
  CREATE INDEX outbox_events_staged ON outbox_events (seq) WHERE state IN ('found', 'staged');
  DROP INDEX outbox_events_open;
  CREATE INDEX outbox_events_open ON outbox_events (email, occurred_at, seq) WHERE state IN ('found', 'staged', 'pending', 'sending', 'uncertain');
  CREATE INDEX outbox_events_uncertain ON outbox_events (due_at) WHERE state = 'uncertain';

  -- 0 live; 1 background; 2 held: not before the first sync has read everything
  ALTER TABLE outbox_contacts ADD COLUMN lane INTEGER NOT NULL DEFAULT 0;
  -- 1: written, but after an answer was lost; written once more when the lost request can no longer land
  -- 1: a process that ended may have left a request under way
  ALTER TABLE outbox_contacts ADD COLUMN lost INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE outbox_contacts ADD COLUMN again INTEGER NOT NULL DEFAULT 0;
  DROP INDEX outbox_contacts_due;
  CREATE INDEX outbox_contacts_lane ON outbox_contacts (lane, email);

  ALTER TABLE contacts ADD COLUMN gone INTEGER NOT NULL DEFAULT 0; -- it was there and is not any more: deleted in Brevo

  DROP INDEX contacts_unverified;
  CREATE INDEX contacts_unverified ON contacts (email) WHERE unverified > 0;

  CREATE TABLE renames (         -- customers whose address changed: the contact is to follow
    email TEXT PRIMARY KEY, before TEXT NOT NULL,
    blocked INTEGER              -- whether Brevo sends the contact no e-mails; noted before the address is changed there
  ) WITHOUT ROWID;

  ALTER TABLE cursors ADD COLUMN reconcile TEXT;                    -- JSON: the walk under way that reads everything again
  CREATE TABLE reconciled (      -- what that walk has met
    source TEXT NOT NULL, stream TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (source, stream, id)
  ) WITHOUT ROWID;

  ALTER TABLE dead_letters ADD COLUMN retry_at INTEGER;             -- when it is tried again by itself; null: it is not
  CREATE INDEX dead_letters_retry ON dead_letters (retry_at) WHERE retry_at IS NOT NULL;

  ALTER TABLE brevo_seen ADD COLUMN absent INTEGER NOT NULL DEFAULT 0; -- looked for, and not found so far

  CREATE TABLE forgotten (hash TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;

  CREATE INDEX outbox_events_sent ON outbox_events (sent_at) WHERE state = 'sent';
  `,
  `
  ALTER TABLE source_events RENAME COLUMN merged_from TO names; -- ids that the entry names besides its object
  CREATE TABLE tags (source TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (source, id)) WITHOUT ROWID;

  CREATE INDEX surveys_ticket ON surveys (source, ticket_id);

  CREATE INDEX source_events_object ON source_events (source, object_id, at);

  CREATE TABLE hints (           -- objects that a webhook named: to be read again
    source TEXT NOT NULL, id TEXT NOT NULL, since INTEGER NOT NULL,
    generation INTEGER NOT NULL DEFAULT 1, attempts INTEGER NOT NULL DEFAULT 0, due_at INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (source, id)
  ) WITHOUT ROWID;
  CREATE INDEX hints_due ON hints (source, due_at);
  CREATE TABLE webhook_counts (source TEXT PRIMARY KEY, counts TEXT NOT NULL) WITHOUT ROWID; -- JSON

  CREATE TABLE campaign_entries ( -- what campaigns are to decide, and what they decided
    id TEXT PRIMARY KEY, campaign TEXT NOT NULL, source TEXT NOT NULL, email TEXT NOT NULL,
    occurrence TEXT,              -- JSON; dropped once it is decided
    occurred_at INTEGER NOT NULL, planned_at INTEGER NOT NULL, due_at INTEGER NOT NULL,
    state TEXT NOT NULL,          -- waiting | held | fired | dropped
    reason TEXT, decided_at INTEGER
  ) WITHOUT ROWID;
  CREATE INDEX campaign_entries_due ON campaign_entries (source, due_at) WHERE state IN ('waiting', 'held');
  CREATE INDEX campaign_entries_contact ON campaign_entries (campaign, email, decided_at);
  CREATE INDEX campaign_entries_fired ON campaign_entries (campaign, decided_at) WHERE state = 'fired';
  CREATE INDEX tickets_closed ON tickets (source, closed_at) WHERE closed_at IS NOT NULL;

  CREATE INDEX outbox_events_payload ON outbox_events (sent_at) WHERE state = 'sent' AND payload IS NOT NULL;

  CREATE TABLE handler_events (  -- what handlers of the SDK are to be told
    id TEXT PRIMARY KEY, source TEXT NOT NULL, type TEXT NOT NULL, occurrence TEXT, occurred_at INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'open', -- open | done | failed
    attempts INTEGER NOT NULL DEFAULT 0, due_at INTEGER NOT NULL DEFAULT 0
  ) WITHOUT ROWID;
  CREATE INDEX handler_events_open ON handler_events (source, due_at) WHERE state = 'open';

  ALTER TABLE outbox_events ADD COLUMN reason TEXT;              -- why it is skipped
  `,
  `
  ALTER TABLE contacts ADD COLUMN history TEXT NOT NULL DEFAULT '{}'; -- JSON: when each value was sent, and what it was before
  CREATE INDEX campaign_entries_email ON campaign_entries (email);
  CREATE INDEX outbox_events_email ON outbox_events (email, occurred_at);
  `,
  `
  ALTER TABLE outbox_contacts ADD COLUMN sending INTEGER NOT NULL DEFAULT 0; -- a write has left, and its outcome is not stored
  -- An earlier version did not say which: after it, any may have been under way.
  UPDATE outbox_contacts SET lost = 1 WHERE lane < 2;
  `,
  `
  ALTER TABLE campaign_entries ADD COLUMN customer_id TEXT; -- whom it is about; kept when it is decided
  UPDATE campaign_entries SET customer_id = occurrence ->> '$.customerId' WHERE occurrence IS NOT NULL;

  CREATE TABLE moves (           -- customers whose address changed: what Brevo holds at the one before is to follow
    source TEXT NOT NULL, customer_id TEXT NOT NULL, before TEXT NOT NULL,
    looked TEXT,                 -- JSON: whether there was a contact, blocked, and the lists that it had left; null: not looked yet
    target TEXT,                 -- the address that the contact is being given in Brevo
    PRIMARY KEY (source, customer_id, before)
  ) WITHOUT ROWID;
  CREATE INDEX moves_before ON moves (before);
  CREATE INDEX moves_target ON moves (target) WHERE target IS NOT NULL;
  INSERT INTO moves (source, customer_id, before, looked, target)
    SELECT c.source, c.id, r.before,
      CASE WHEN r.blocked IS NOT NULL THEN
        json_object('there', json('true'), 'blocked', json(iif(r.blocked, 'true', 'false')), 'left', json('[]')) END,
      CASE WHEN r.blocked IS NOT NULL THEN r.email END
    FROM renames r JOIN customers c ON c.email = r.email AND c.deleted = 0 AND c.merged_into IS NULL WHERE true
    ON CONFLICT DO NOTHING;
  DROP TABLE renames;
  `,
  `
  ALTER TABLE outbox_events ADD COLUMN source TEXT NOT NULL DEFAULT ''; -- whose reading releases it; '' for what somebody asked for
  -- Earlier versions knew one helpdesk.
  UPDATE outbox_events SET source = coalesce((SELECT min(source) FROM cursors), '');
  `,
  `
  CREATE TABLE refresh_requests ( -- objects that a webhook named: to be read again
    source TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, since INTEGER NOT NULL,
    generation INTEGER NOT NULL DEFAULT 1, attempts INTEGER NOT NULL DEFAULT 0, due_at INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (source, kind, id)
  ) WITHOUT ROWID;
  INSERT INTO refresh_requests (source, kind, id, since, generation, attempts, due_at)
    SELECT source, 'ticket', id, since, generation, attempts, due_at FROM hints;
  DROP TABLE hints;
  ALTER TABLE outbox_contacts RENAME COLUMN lane TO priority;
  CREATE INDEX refresh_requests_due ON refresh_requests (source, due_at);
  `,
  `
  CREATE INDEX campaign_entries_person ON campaign_entries (campaign, source, customer_id) WHERE state = 'fired';
  `,
  `
  ALTER TABLE tickets ADD COLUMN group_name TEXT;                    -- the team that has it
  ALTER TABLE tickets ADD COLUMN channel_source TEXT;                -- the helpdesk's own word, where channel is one for several
  ALTER TABLE tickets ADD COLUMN ignored INTEGER NOT NULL DEFAULT 0; -- 1: it does not count, because the customer never wrote in it
  ALTER TABLE tickets ADD COLUMN first_response_at INTEGER;          -- where the helpdesk tells it; else its messages do
  ALTER TABLE tickets ADD COLUMN first_response_final INTEGER NOT NULL DEFAULT 0; -- 1: from all that was said
  ALTER TABLE tickets ADD COLUMN ai_score REAL;                      -- what the customer gave an AI agent
  ALTER TABLE tickets ADD COLUMN trail TEXT;                         -- what a list last showed of its history
  ALTER TABLE tickets ADD COLUMN own_trail TEXT;                     -- the same by its own address

  CREATE TABLE agents (           -- the shop's own people
    source TEXT NOT NULL, id TEXT NOT NULL, name TEXT, email TEXT,
    left_at INTEGER,              -- since when the helpdesk does not list them any more
    PRIMARY KEY (source, id)
  ) WITHOUT ROWID;
  CREATE TABLE agent_states (
    source TEXT NOT NULL, agent_id TEXT NOT NULL, at INTEGER NOT NULL, id TEXT NOT NULL, state TEXT NOT NULL, reason TEXT,
    PRIMARY KEY (source, agent_id, at, id)
  ) WITHOUT ROWID;
  CREATE INDEX agent_states_at ON agent_states (source, at);
  `,
  `
  CREATE TABLE sessions (         -- stretches of work within a ticket
    source TEXT NOT NULL, id TEXT NOT NULL, ticket_id TEXT NOT NULL,
    channel TEXT, direction TEXT, status TEXT, solved INTEGER,
    queued_at INTEGER, responded_at INTEGER, ended_at INTEGER,
    inbox_queued TEXT, inbox_ended TEXT,
    PRIMARY KEY (source, ticket_id, id)
  ) WITHOUT ROWID;
  `,
  `
  ALTER TABLE campaign_entries ADD COLUMN rule TEXT;  -- what holds it, or dropped it: a word of mapping/campaigns.ts
  UPDATE campaign_entries SET rule = CASE
    WHEN reason LIKE 'max_age:%' THEN 'max_age' WHEN reason LIKE 'The campaign is paused%' THEN 'paused'
    WHEN reason LIKE 'The ticket was reopened%' THEN 'reopened' WHEN reason LIKE 'The ticket was%' THEN 'ticket_gone'
    WHEN reason LIKE 'when:%' THEN 'when' WHEN reason LIKE 'not_while_open_tickets:%' THEN 'open_tickets'
    WHEN reason LIKE 'not_after_score_below:%' THEN 'low_score' WHEN reason LIKE 'cooldown:%' THEN 'cooldown'
    WHEN reason LIKE 'quiet_hours:%' THEN 'quiet_hours' WHEN reason LIKE 'max_per_day:%' THEN 'max_per_day'
    WHEN reason LIKE 'connectors.yml does not name%' THEN 'removed' END
    WHERE state IN ('held', 'dropped');
  CREATE INDEX campaign_entries_decided ON campaign_entries (decided_at) WHERE decided_at IS NOT NULL;

  -- 1: it read again what may have changed without moving its date, such as late scores
  ALTER TABLE runs ADD COLUMN settled INTEGER NOT NULL DEFAULT 0;

  CREATE TABLE run_days (         -- the runs of a day of UTC: kept longer than each of them is
    source TEXT NOT NULL, day TEXT NOT NULL,
    runs INTEGER NOT NULL, failed INTEGER NOT NULL, seconds REAL NOT NULL,
    read INTEGER NOT NULL, contacts INTEGER NOT NULL, events INTEGER NOT NULL,
    PRIMARY KEY (source, day)
  ) WITHOUT ROWID;
  INSERT INTO run_days (source, day, runs, failed, seconds, read, contacts, events)
    SELECT source, date(started_at / 1000000, 'unixepoch'), count(*), sum(result = 'failed'), sum((ended_at - started_at) / 1e6),
      sum(coalesce((SELECT sum(value) FROM json_each(report, '$.read')), 0)),
      sum(coalesce(report ->> '$.contacts.written', 0)), sum(coalesce(report ->> '$.events.sent', 0))
    FROM runs WHERE ended_at IS NOT NULL AND result IS NOT NULL GROUP BY 1, 2;

  CREATE TABLE console_tokens (
    id TEXT PRIMARY KEY, name TEXT NOT NULL,
    role TEXT NOT NULL,           -- viewer | editor
    masked INTEGER NOT NULL,      -- 1: addresses are shown masked
    single INTEGER NOT NULL,      -- 1: it opens one session
    hash TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, used_at INTEGER, revoked_at INTEGER
  ) WITHOUT ROWID;
  CREATE TABLE console_sessions (hash TEXT PRIMARY KEY, token TEXT NOT NULL, expires_at INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE console_log (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, who TEXT NOT NULL, token TEXT NOT NULL,
    action TEXT NOT NULL, what TEXT NOT NULL
  );
  `,
]
