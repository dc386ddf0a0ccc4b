// A mail server that is not ours, under the hands of a test.

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const PYTHON = fileURLToPath(new URL('../../../.tools/verifiers/bin/python', import.meta.url))
const PROGRAM = fileURLToPath(new URL('./mail_sink.py', import.meta.url))

/** What came in, and what comes of it; see `mail_sink.py`. */
export class MailSink {
  /** Every mail that came, taken or not: `{ from, to, took, defects, headers, text, html }`. */
  mails = []

  async start () {
    if (!existsSync(PYTHON)) throw new Error(`there is no Python at ${PYTHON}: scripts/setup.sh test installs it`)
    this.child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', PYTHON, PROGRAM], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.port = await new Promise((resolve, reject) => {
      this.child.once('exit', () => reject(new Error('the mail server did not start')))
      createInterface({ input: this.child.stdout }).on('line', (line) => {
        const said = JSON.parse(line)
        if (said.port === undefined) this.mails.push(said)
        else resolve(said.port)
      })
    })
    return this
  }

  /** `take`, `hold`, or a reply such as `451 try again`, from now on. */
  answers (what) { this.child.stdin.write(`${what}\n`) }

  /** Mails of which the text holds `words`, the oldest first. */
  with (words) { return this.mails.filter(({ text }) => text.includes(words)) }

  /** The settings of a server that sends through this one, at once. */
  get env () {
    return {
      WEFT_MAIL_SMTP_HOST: '127.0.0.1',
      WEFT_MAIL_SMTP_PORT: String(this.port),
      WEFT_MAIL_SMTP_SECURITY: 'none',
      WEFT_NOTIFICATIONS_EMAIL: 'on',
      WEFT_NOTIFICATIONS_EMAIL_DELAY_SECONDS: '0',
      WEFT_NOTIFICATIONS_RETRY_SECONDS: '1,1,1,1,1,1,1,1',
      WEFT_NOTIFICATIONS_POLL_MILLISECONDS: '50',
    }
  }

  dispose () { this.child.kill('SIGKILL') }
}

/** The one header `name` of a mail; fails if there are several. */
export function header ({ headers }, name) {
  const found = headers.filter(([key]) => key === name)
  if (found.length > 1) throw new Error(`${name} is there ${found.length} times`)
  return found[0]?.[1]
}
