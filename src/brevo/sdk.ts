// The only import of @getbrevo/brevo: the four of its 35 clients that tajo calls. The build makes one file of them, because
// loading the package as it is takes 0.3 s of every command (scripts/bundle.mjs).
import { AccountClient } from '@getbrevo/brevo/account'
import { ContactsClient } from '@getbrevo/brevo/contacts'
import { EventClient } from '@getbrevo/brevo/event'
import { ProcessClient } from '@getbrevo/brevo/process'

export { BrevoError } from '@getbrevo/brevo'

export interface BrevoSdk {
  account: AccountClient
  contacts: ContactsClient
  event: EventClient
  process: ProcessClient
}

export function createBrevoSdk(options: ContactsClient.Options): BrevoSdk {
  return {
    account: new AccountClient(options),
    contacts: new ContactsClient(options),
    event: new EventClient(options),
    process: new ProcessClient(options),
  }
}
