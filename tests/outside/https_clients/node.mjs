// The repair of a connection with clients of Node that have LeadConduit's host built in. The argument is the client.
import { execFile } from 'node:child_process'
import https from 'node:https'
import { promisify } from 'node:util'

const HOST = 'https://app.leadconduit.com'
const SSO_ONLY = '5d9a4c421d011c553e000004'

const clients = {
  fetch: async (method, path, headers, body) => {
    const response = await fetch(HOST + path, { method, headers, body })
    return { status: response.status, text: await response.text() }
  },
  https: (method, path, headers, body) => new Promise((resolve, reject) => {
    const request = https.request(HOST + path, { method, headers }, (response) => {
      let text = ''
      response.on('data', (data) => { text += data })
      response.on('end', () => resolve({ status: response.statusCode, text }))
    })
    request.on('error', reject)
    request.end(body)
  }),
  undici: async (method, path, headers, body) => {
    const { EnvHttpProxyAgent, request } = await import('undici')
    const dispatcher = new EnvHttpProxyAgent()
    const response = await request(HOST + path, { method, headers, body, dispatcher })
    return { status: response.statusCode, text: await response.body.text() }
  },
  // The last version for Node 20.
  'undici 7': async (method, path, headers, body) => {
    const { EnvHttpProxyAgent, request } = await import('undici-7')
    const dispatcher = new EnvHttpProxyAgent()
    const response = await request(HOST + path, { method, headers, body, dispatcher })
    return { status: response.statusCode, text: await response.body.text() }
  },
  axios: async (method, path, headers, data) => {
    const { default: axios } = await import('axios')
    const response = await axios.request({ method, url: HOST + path, headers, data, responseType: 'text', transformResponse: (text) => text, validateStatus: () => true })
    return { status: response.status, text: response.data }
  },
  got: async (method, path, headers, body) => {
    const { default: got } = await import('got')
    const response = await got(HOST + path, { method, headers, body, throwHttpErrors: false, retry: { limit: 0 } })
    return { status: response.statusCode, text: response.body }
  },
  // No client: the tool that the others are compared with.
  curl: async (method, path, headers, body) => {
    const lines = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
    const data = body === undefined ? [] : ['-d', body]
    const { stdout } = await promisify(execFile)('curl', ['-sS', '-w', '\n%{http_code}', '-X', method, ...lines, ...data, HOST + path])
    const end = stdout.lastIndexOf('\n')
    return { status: Number(stdout.slice(end + 1)), text: stdout.slice(0, end) }
  }
}

const name = process.argv[2]
const call = clients[name]
const send = async (expected, key, method, path, value) => {
  const headers = { accept: 'application/json', authorization: `Basic ${btoa(`API:${key}`)}` }
  if (value !== undefined) headers['content-type'] = 'application/json'
  const { status, text } = await call(method, path, headers, value === undefined ? undefined : JSON.stringify(value))
  if (status !== expected) throw new Error(`${method} ${path}: ${status} in place of ${expected}: ${text}`)
  return JSON.parse(text)
}
const key = process.env.LEADCONDUIT_API_KEY
const superuser = process.env.LEADCONDUIT_SUPERUSER_API_KEY
const status = (list) => list.find((one) => one.id === SSO_ONLY)?.status
const before = status(await send(200, key, 'GET', '/connections'))
await send(201, superuser, 'POST', '/connections', { connection_id: SSO_ONLY })
await send(409, superuser, 'POST', '/connections', { connection_id: SSO_ONLY })
const after = status(await send(200, key, 'GET', '/connections'))
const user = await send(200, key, 'GET', '/user')
if (before !== 'sso_only' || after !== 'completed' || !user.id) throw new Error(`${before} ${after} ${JSON.stringify(user)}`)
await send(200, superuser, 'POST', '/account_sso_sync', {})
