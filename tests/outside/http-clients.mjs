// Responses that a client can miss: those to bodies that are too large, and those in gzip. Node's fetch.

import { gzipSync } from 'node:zlib'

const url = process.argv[2]
const headers = {
  authorization: `Basic ${Buffer.from('API:2f1d5f29915b866c7a2fa5de29613104').toString('base64')}`,
  'content-type': 'application/json'
}
let failed = 0
const report = (name, passed, found) => {
  if (passed) return console.log(`ok http-clients: node ${name}`)
  failed += 1
  console.log(`found ${String(found).slice(0, 2000)}\nFAILED http-clients: node ${name}`)
}
const status = async (path, options) => {
  try {
    const response = await fetch(url + path, { headers, ...options })
    await response.text()
    return response.status
  } catch (error) {
    return `${error.message}: ${error.cause?.code ?? error.cause}`
  }
}

// Many runs, because a lost response is a matter of timing.
for (const size of [1_100_000, 8_000_000, 60_000_000]) {
  const found = []
  for (let run = 0; run < 5; run += 1) found.push(await status('/credentials', { method: 'POST', body: 'x'.repeat(size) }))
  report(`receives 413 for ${size} bytes`, found.every((one) => one === 413), found)
}
const chunks = () => new ReadableStream({
  start (controller) {
    for (let number = 0; number < 80; number += 1) controller.enqueue(new Uint8Array(100_000))
    controller.close()
  }
})
const streamed = await status('/credentials', { method: 'POST', body: chunks(), duplex: 'half' })
report('receives 413 for chunks', streamed === 413, streamed)

const zipped = await fetch(`${url}/connections`, { headers })
report('reads a gzip response', zipped.headers.get('content-encoding') === 'gzip' && (await zipped.json()).length > 0, zipped.headers.get('content-encoding'))
const body = gzipSync(JSON.stringify({ data_retention_in_days: 8 }))
const saved = await fetch(`${url}/account`, { method: 'PUT', body, headers: { ...headers, 'content-encoding': 'gzip' } })
const account = await saved.json()
report('sends a gzip body', saved.status === 200 && account.data_retention_in_days === 8, JSON.stringify(account))
// A page reads why its URL was refused.
const long = await fetch(`${url}/connections?x=${'y'.repeat(100_000)}`, { headers: { origin: 'http://localhost:3000' } })
const problem = await long.json()
report('receives 414 for a long URL', long.status === 414 && problem.title === 'URL too long', JSON.stringify(problem))
process.exit(failed === 0 ? 0 : 1)
