// Notifications through a mail server that is not ours: what comes over the wire, what it refuses, and servers that die while they send.
// Long form: WEFT_MAIL_KILLS=50 (make events-proof).

import assert from 'node:assert/strict'
import { everyRow, inboxOf } from '../support/inbox.js'
import { keepAsking, killAtRandom } from '../support/kills.js'
import { header, MailSink } from '../support/mails.js'
import { nodes } from '../support/nodes.js'
import { ask, joins, person } from '../support/people.js'
import { onPostgres } from '../support/postgres.js'
import { freePort } from '../support/server.js'
import { scenario } from '../support/scenario.js'
import { pause, until } from '../support/until.js'

const KILLS = Number(process.env.WEFT_MAIL_KILLS ?? 5)
/** How long a claim of a server that died lasts with a timeout of one second, and a little. */
const CLAIM_MILLISECONDS = 40_000

/** Servers that send through a sink; Ada has a document that is shared with the guests, who were told of that. */
async function mailed (scene, count, { guests: names = ['cem'], title = 'Plan', env = {} } = {}) {
  const guests = []
  const { servers, owner: ada } = await nodes(scene, count, {
    before: async (server, ada) => {
      for (const name of names) {
        const guest = await person(server, name)
        await joins(server, ada, ada.workspace, guest, 'guest')
        guests.push(guest)
      }
    },
  })
  const document = (await ask(servers[0], 'POST', `/v1/projects/${ada.project}/documents`, { token: ada.token, body: { title, kind: 'text' } })).id
  for (const { id } of guests) {
    await ask(servers[0], 'PUT', `/v1/documents/${document}/shares/${id}`, { token: ada.token, body: { role: 'editor' } })
  }
  // Until here mails were files, from which people had their secrets.
  const sink = await new MailSink().start()
  scene.defer(() => sink.dispose())
  for (const server of servers) {
    Object.assign(server.env, sink.env, env)
    await server.restart()
  }
  const say = (body, mentions, server = servers[0]) =>
    ask(server, 'POST', `/v1/documents/${document}/comments`, { token: ada.token, body: { body, mentions: mentions.map(({ id }) => id) } })
  return { servers, ada, guests, document, sink, say }
}

scenario('a mail goes to the one who is told, and says what was said, whatever stands in it', async (scene) => {
  const title = 'Plan =?utf-8?q?x?= “Köper” <b> 🧵'
  const { guests: [cem], sink, say, servers } = await mailed(scene, 1, { title })
  const hostile = [
    'a line\r\nBcc: eve@example.org\r\n\r\nbody',
    'before\r\n.\r\nMAIL FROM:<eve@example.org>\r\nRCPT TO:<eve@example.org>\r\nDATA\r\nafter',
    '..two dots\n.\n.one dot',
    '<script>alert(1)</script> & "quotes" =3D',
    'ö'.repeat(600),
  ]
  for (const [index, words] of hostile.entries()) {
    await say(`No. ${index}: ${words}`, [cem])
    await until('the mail has come', () => sink.with(`No. ${index}:`).length > 0)
  }
  await until('all of them have come', () => hostile.every((_, index) => sink.with(`No. ${index}:`).length === 1))
  const ids = new Set()
  for (const mail of sink.mails) {
    assert.deepEqual([mail.from, mail.to, mail.defects], ['weft@localhost', [cem.email], []])
    for (const unwanted of ['bcc', 'cc', 'reply-to']) assert.equal(header(mail, unwanted), undefined)
    assert.equal(header(mail, 'to'), cem.email)
    assert.equal(header(mail, 'list-unsubscribe-post'), 'List-Unsubscribe=One-Click')
    assert.match(header(mail, 'list-unsubscribe'), /^<http:\/\/127\.0\.0\.1:\d+\/v1\/notifications\/unsubscribe\?stop=[^>\s]+>$/)
    assert.ok(header(mail, 'subject').includes('Köper'), header(mail, 'subject'))
    assert.ok(!mail.html.includes('<script'), mail.html)
    ids.add(header(mail, 'message-id'))
  }
  assert.equal(ids.size, sink.mails.length, 'each has an id of its own')
  for (const words of ['Bcc: eve@example.org', '. MAIL FROM:eve@example.org', '..two dots . .one dot', '& "quotes" =3D']) {
    assert.equal(sink.with(words).length, 1, `${words} is text`)
  }
  const [mail] = sink.with('No. 0:')
  const [, address] = /^<(.*)>$/.exec(header(mail, 'list-unsubscribe'))
  assert.equal((await fetch(address, { method: 'POST', body: new URLSearchParams({ 'List-Unsubscribe': 'One-Click' }) })).status, 200)
  const before = sink.mails.length
  await say('Nobody is told by mail', [cem])
  await until('the inbox has it', async () => (await inboxOf(servers[0], cem)).length > hostile.length)
  await pause(1_000)
  assert.equal(sink.mails.length, before, 'one click stops them')
})

scenario('what is refused for now comes again under its id, what is refused for good does not', { timeout: 120_000 }, async (scene) => {
  const metrics = `127.0.0.1:${await freePort()}`
  const { guests: [cem, dov], sink, say, servers } = await mailed(scene, 1, {
    guests: ['cem', 'dov'], env: { WEFT_MAIL_TIMEOUT_SECONDS: '1', WEFT_METRICS_LISTEN: metrics },
  })
  sink.answers('451 4.3.0 try again later')
  await say('First: later', [cem])
  await until('it was refused twice', () => sink.with('First: later').length >= 2)
  sink.answers('take')
  await until('it was taken', () => sink.with('First: later').some(({ took }) => took))
  const tries = sink.with('First: later')
  assert.equal(new Set(tries.map((mail) => header(mail, 'message-id'))).size, 1)
  assert.equal(tries.filter(({ took }) => took).length, 1)

  sink.answers('550 5.1.1 nobody here')
  await say('Second: never', [cem])
  await until('it was refused', () => sink.with('Second: never').length > 0)
  sink.answers('take')

  // A mail server that says nothing holds up neither the inbox nor, when it speaks again, anybody else.
  sink.answers('hold')
  await say('Third: held', [cem, dov])
  await until('both have it in the inbox', async () => {
    const inboxes = await Promise.all([cem, dov].map((who) => inboxOf(servers[0], who)))
    return inboxes.every((rows) => rows.filter(({ type }) => type === 'mentioned').length > 0)
  })
  await until('the mail server has it', () => sink.with('Third: held').length > 0)
  sink.answers('take')
  await until('both have it by mail', () => new Set(sink.with('Third: held').flatMap(({ to }) => to)).size === 2, { within: 60_000 })
  assert.equal(sink.with('Second: never').length, 1, 'what was refused for good is given up')
  assert.equal(sink.with('First: later').filter(({ took }) => took).length, 1)
  await until('all of it was counted', async () => {
    const text = await (await fetch(`http://${metrics}/metrics`)).text()
    const count = (result) => Number(new RegExp(`^weft_notification_mails_total\\{result="${result}"\\} (\\d+)$`, 'm').exec(text)[1])
    return count('sent') === 3 && count('failed') === 1 && count('again') >= 2
  })
})

scenario('what is read before its mail is due is not sent', async (scene) => {
  const { guests: [cem], sink, say, servers } = await mailed(scene, 1, { env: { WEFT_NOTIFICATIONS_EMAIL_DELAY_SECONDS: '3' } })
  await say('Read in time', [cem])
  const row = await until('the inbox has it', async () => (await inboxOf(servers[0], cem)).find(({ type }) => type === 'mentioned'))
  await ask(servers[0], 'PATCH', `/v1/notifications/${row.id}`, { token: cem.token, body: { read: true } })
  await say('Left unread', [cem])
  await until('what was not read is sent', () => sink.with('Left unread').length === 1)
  assert.equal(sink.with('Read in time').length, 0)
})

scenario('servers that are killed while they send lose no mail, and send one twice only under its id', { timeout: 120_000 + KILLS * 6_000 }, async (scene) => {
  const random = scene.random()
  const { servers, ada, guests, document, sink, say } = await mailed(scene, onPostgres ? 2 : 1, { guests: ['cem', 'dov', 'eli'], env: { WEFT_MAIL_TIMEOUT_SECONDS: '1' } })
  const people = keepAsking(random, { servers, count: 2, longestPause: 60 }, (own, server) =>
    say(`Word ${own.integer(0, 1e9)}: ${own.word()}`, [own.pick(guests)], server))
  await killAtRandom(random, servers, KILLS, { answered: () => people.answered, most: 10, seen: () => sink.mails.length, within: CLAIM_MILLISECONDS })
  await people.stop()
  const said = await everyRow(servers[0], ada, `/v1/documents/${document}/comments`)
  assert.ok(said.length >= people.answered && people.answered > 0)
  await until('every word was sent', () => said.every(({ body }) => sink.with(body).length > 0), { within: CLAIM_MILLISECONDS + said.length * 50, every: 200 })
  for (const { body, mentions } of said) {
    const mails = sink.with(body)
    assert.equal(new Set(mails.map((mail) => header(mail, 'message-id'))).size, 1, `${body} was sent under one id`)
    assert.deepEqual(new Set(mails.flatMap(({ to }) => to)), new Set(guests.filter(({ id }) => mentions.some((one) => one === id || one.user_id === id)).map(({ email }) => email)))
  }
  const twice = said.filter(({ body }) => sink.with(body).length > 1).length
  // Each server that dies has at most four of them under way.
  assert.ok(twice <= KILLS * 4, `${twice} were sent twice`)
  console.log(`# ${KILLS} kills of ${servers.length} servers: ${said.length} mails, ${twice} of them sent twice`)
})
