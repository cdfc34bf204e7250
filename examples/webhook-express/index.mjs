// Gorgias calls your own application; its calls are handed to tajo, which reads the ticket again and tells Brevo.
import { TajoClient } from '@tajo/sdk'
import express from 'express'

const tajo = new TajoClient({ brevoApiKey: process.env.BREVO_API_KEY })
await tajo.connectors.connect('gorgias', {
  domain: process.env.GORGIAS_DOMAIN,
  apiKey: process.env.GORGIAS_API_KEY,
})

const app = express()
app.use(express.json())

app.post('/webhooks/gorgias', async (req, res) => {
  const { ticket_id, status, customer_email, channel, tags, satisfaction } = req.body
  await tajo.connectors.handleEvent('gorgias', {
    type: 'ticket.updated',
    payload: { ticketId: ticket_id, status, customerEmail: customer_email, channel, tags, satisfaction },
  })
  // On disk by now: Gorgias need not wait for the rest.
  res.status(200).send('OK')
})

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`Listening on ${server.address().port}`)
})

process.on('SIGTERM', () => {
  server.close(async () => {
    await tajo.close()
  })
})
