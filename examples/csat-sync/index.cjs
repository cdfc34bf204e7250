// A cron job that keeps CSAT scores in step, from CommonJS.
const { TajoClient } = require('@tajo/sdk')

async function main() {
  const tajo = new TajoClient({ brevoApiKey: process.env.BREVO_API_KEY })
  await tajo.connectors.connect('gorgias', {
    domain: process.env.GORGIAS_DOMAIN,
    apiKey: process.env.GORGIAS_API_KEY,
  })

  await tajo.connectors.sync('gorgias', {
    type: 'incremental',
    resources: ['customers', 'tickets', 'satisfaction_surveys'],
    since: '2024-01-01',
    batchSize: 100,
  })

  const status = await tajo.connectors.status('gorgias')
  console.log(`Connected: ${status.connected}`)
  console.log(`Last sync: ${status.lastSync}`)
  console.log(`Customers: ${status.customersCount}`)
  console.log(`Tickets: ${status.ticketsTracked}`)
  console.log(`CSAT responses: ${status.csatResponses}`)
  await tajo.close()
}

main().catch((error) => {
  console.error(`${error.code}: ${error.message}\n${error.hint ?? ''}`)
  process.exitCode = 1
})
