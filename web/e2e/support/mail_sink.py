"""A mail server for tests: aiosmtpd, which is not ours, with its mails read by Python's parser.

Lines on standard input say what comes of the next mails: `take`, `hold` (no answer until another line comes) or a reply
such as `451 try again`. Everything that happens is a line of JSON on standard output: first {"port"}, then for each mail that
has come {"from", "to", "took", "defects", "headers", "text", "html"}.
"""
import asyncio
import email
import email.policy
import json
import sys

from aiosmtpd.smtp import SMTP


class Sink:
    def __init__(self):
        self.answer = "take"
        self.changed = asyncio.Event()

    def answers(self, line):
        self.answer = line
        self.changed.set()
        self.changed = asyncio.Event()

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.original_content, policy=email.policy.default)
        parts = {part.get_content_type(): part.get_content() for part in mail.iter_parts()}
        answer = self.answer
        print(json.dumps({
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "took": answer == "take",
            "defects": [repr(defect) for part in mail.walk() for defect in part.defects],
            "headers": [[name.lower(), str(value)] for name, value in mail.items()],
            "text": parts.get("text/plain"),
            "html": parts.get("text/html"),
        }), flush=True)
        while answer == "hold":
            await self.changed.wait()
            answer = self.answer
        return "250 OK" if answer == "take" else answer


async def main():
    sink = Sink()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(sink, hostname="sink.example.org"), "127.0.0.1", 0)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := (await lines.readline()).decode().strip():
        sink.answers(line)


asyncio.run(main())
