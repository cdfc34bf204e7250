// Types from end to end: a slip in a name is a mistake of the compiler's.
import { TajoClient, TajoError, type DeliveredEvent } from '@tajo/sdk'

const tajo = new TajoClient({
  brevoApiKey: process.env['BREVO_API_KEY'] ?? '',
  config: {
    brevo: { base_url: process.env['BREVO_URL'] ?? 'https://api.brevo.com/v3' },
    connectors: {
      gorgias: {
        base_url: process.env['GORGIAS_URL'] ?? 'https://yourstore.gorgias.com/api',
        field_mapping: { nb_tickets: 'TICKET_COUNT' },
        event_mapping: { 'ticket.closed': 'SUPPORT_TICKET_RESOLVED' },
      },
    },
  },
})

function describe(event: DeliveredEvent<'ticket.created'>): string {
  return `${event.type} of ${event.customer.email}: ${event.subject ?? 'no subject'}`
}

try {
  const { account } = await tajo.connectors.connect('gorgias')
  tajo.connectors.on('gorgias', 'ticket.created', (event) => console.log(describe(event)))
  const report = await tajo.connectors.sync('gorgias', { type: 'full' })
  console.log(`${account}: ${report.contacts.written} contacts written`)
} catch (thrown) {
  if (!(thrown instanceof TajoError)) throw thrown
  console.error(`${thrown.code}: ${thrown.message} ${thrown.hint ?? ''}`)
  process.exitCode = 1
} finally {
  await tajo.close()
}
