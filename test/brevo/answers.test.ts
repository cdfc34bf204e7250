// What is believed of Brevo's answers: what brevo-api.md documents for each endpoint, and nothing else.
import { describe, expect, it } from '@jest/globals'

import { ENDPOINTS, isDocumented } from '../../src/brevo/answers.ts'
import type { HttpAnswer, HttpRequest } from '../../src/lib/net/http.ts'

type Method = HttpRequest['method']

/** A true answer of each endpoint, copied from brevo-api.md § 2. */
const TRUE_ANSWERS: [Method, string, number, string][] = [
  ['GET', '/account', 200, '{"organization_id":"…","email":"a@b.example","plan":[]}'],
  ['GET', '/contacts?limit=1000&offset=0', 200, '{"contacts":[{"email":"a@b.example","id":42}],"count":1}'],
  ['POST', '/contacts', 201, '{"id":21}'],
  ['POST', '/contacts', 204, ''],
  ['POST', '/contacts/import', 202, '{"processId":78}'],
  ['GET', '/contacts/attributes', 200, '{"attributes":[{"name":"DOB","category":"normal","type":"date"}]}'],
  ['POST', '/contacts/attributes/normal/TIER', 201, ''],
  ['GET', '/contacts/folders?limit=10', 200, '{"count":1,"folders":[{"id":1,"name":"x"}]}'],
  ['POST', '/contacts/folders', 201, '{"id":3}'],
  ['GET', '/contacts/lists?limit=50', 200, '{"count":0}'],
  ['POST', '/contacts/lists', 201, '{"id":5}'],
  ['POST', '/contacts/lists/5/contacts/add', 201, '{"contacts":{"success":["a@x.io"],"failure":["b@x.io"]}}'],
  ['GET', '/contacts/a%40b.example?identifierType=email_id', 200, '{"email":"a@b.example","id":42}'],
  ['PUT', '/contacts/a%40b.example?identifierType=email_id', 204, ''],
  ['DELETE', '/contacts/a%40b.example', 204, ''],
  ['GET', '/events?limit=100', 200, '{"events":[],"count":0}'],
  ['POST', '/events', 204, ''],
  ['POST', '/events/batch', 202, '{"message":"Batch accepted.","count":7}'],
  ['POST', '/events/batch', 207, '{"status":"partiallyQueued","errors":[{"eventIndex":[2],"message":"x"}]}'],
  ['GET', '/processes/217', 200, '{"id":217,"status":"completed"}'],
]
const LIES: [number, string][] = [
  [200, '<html><body>We will be back soon.</body></html>'],
  [200, '{"status":200,"ok":true}'],
  [200, ''],
  [201, '{}'],
  [202, '{}'],
  [202, '{"message":"Accepted"}'],
  [205, 'x'],
  [206, '{"contacts":[],"count":0,"events":[],"email":"a@b.example"}'],
  [301, ''],
  [302, '<html></html>'],
  [304, ''],
  [307, ''],
  [403, '<html><body>Blocked</body></html>'],
  [404, '<html><body>Not found</body></html>'],
  [404, '{}'],
  [600, '{"message":"odd"}'],
  [999, ''],
]
const answer = (status: number, body: string): HttpAnswer => ({
  outcome: 'answer',
  status,
  headers: {},
  body,
})

it('every endpoint has a true answer here', () => {
  for (const { method, path } of ENDPOINTS) {
    const isShown = TRUE_ANSWERS.some(([one, url]) => one === method && path.test(url.replace(/\?.*/, '')))
    expect(`${method} ${String(path)} ${isShown}`).toBe(`${method} ${String(path)} true`)
  }
})

describe.each(TRUE_ANSWERS)('%s %s', (method, path, status, body) => {
  it(`${status} is believed`, () => {
    expect(isDocumented(method, path, answer(status, body))).toBe(true)
  })

  it('a refusal is one in the words of Brevo', () => {
    expect(isDocumented(method, path, answer(400, '{"code":"invalid_parameter","message":"x"}'))).toBe(true)
    expect(isDocumented(method, path, answer(404, '{"code":"document_not_found","message":"x"}'))).toBe(true)
  })

  it.each(LIES)('%i %s is not believed', (lied, text) => {
    expect(isDocumented(method, path, answer(lied, text))).toBe(false)
  })
})

it('204 is not believed where a body is due', () => {
  const due = TRUE_ANSWERS.filter(([, , , body]) => body !== '' && body !== '{"id":21}')
  for (const [method, path] of due) expect(isDocumented(method, path, answer(204, ''))).toBe(false)
})
