// A handler decides in code whether a campaign is right, and fires it.
import { TajoClient } from '@tajo/sdk'

const tajo = new TajoClient({ apiKey: process.env.TAJO_API_KEY, brevoApiKey: process.env.BREVO_API_KEY })
await tajo.connectors.connect('gorgias', {
  domain: process.env.GORGIAS_DOMAIN,
  apiKey: process.env.GORGIAS_API_KEY,
})

tajo.connectors.on('gorgias', 'ticket.closed', async (event) => {
  if (event.satisfaction_score >= 4) {
    const { fired, reason } = await tajo.campaigns.trigger('post-support-upsell', {
      email: event.customer.email,
      params: {
        agent_name: event.assignee.name ?? 'our team',
        ticket_subject: event.subject,
        resolution_time: event.resolution_time,
      },
      // The same ticket fires it once, however often the handler is called.
      idempotencyKey: event.id,
    })
    console.log(fired ? `fired for ${event.customer.email}` : `not fired: ${reason}`)
  }
})

await tajo.connectors.sync('gorgias')
await tajo.close()
