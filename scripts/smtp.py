"""A mail server that keeps what it takes and has its moods; scripts/smtp starts it with a folder.

It prints these variables and serves until its standard input ends:

  CALCOM_TEST_SMTP_URL           in the clear
  CALCOM_TEST_SMTP_STARTTLS_URL  with STARTTLS, and with a login
  CALCOM_TEST_SMTP_TLS_URL       with TLS from the start
  CALCOM_TEST_SMTP_ROOT          the authority that signed its certificate, in PEM
  CALCOM_TEST_SMTP_MAILS         the folder of the mails: 1.eml, 2.eml and so on

In front of each mail it writes `X-Peer`, `X-Recipient` and `X-TLS`. Recipients that begin with one
of these words are treated like this:

  refused     550, always
  greylisted  450 the first time that it hears of them
  hangup      the connection ends after the data, the first time
"""

import asyncio
import logging
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

USER, PASSWORD = b"tests", b"pass/word of the tests"


class Moods:
    def __init__(self, folder):
        self.folder = folder
        self.count = 0
        self.seen = set()

    def first(self, what):
        first = what not in self.seen
        self.seen.add(what)
        return first

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refused"):
            return f"550 5.1.1 <{address}> is not known here"
        if address.startswith("greylisted") and self.first(address):
            return f"450 4.7.1 <{address}> is greylisted, come back later"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server, session, envelope):
        recipient = envelope.rcpt_tos[0]
        if recipient.startswith("hangup") and self.first(recipient):
            server.transport.abort()
            return "421 4.4.2 nobody reads this"
        tls = server.transport.get_extra_info("ssl_object")
        marks = (
            f"X-Peer: {session.peer[1]}\r\n"
            f"X-Recipient: {recipient}\r\n"
            f"X-TLS: {tls.version() if tls else 'none'}\r\n"
        )
        self.count += 1
        path = os.path.join(self.folder, f"{self.count}.eml")
        with open(path + ".part", "wb") as file:
            file.write(marks.encode() + envelope.original_content)
        os.rename(path + ".part", path)
        return f"250 2.0.0 Ok: kept as {self.count}"


def login(server, session, envelope, mechanism, data):
    known = (data.login, data.password) == (USER, PASSWORD)
    return AuthResult(success=known, handled=False)


async def main(folder):
    def path(name):
        return os.path.join(folder, name)

    # Clients that break off are what it is there for.
    logging.disable()
    loop = asyncio.get_running_loop()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(path("server.pem"), path("server.key"))
    moods = Moods(path("mails"))

    async def serve(wrapped=None, **options):
        def protocol():
            return SMTP(moods, hostname="localhost", enable_SMTPUTF8=True, loop=loop, **options)

        server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=wrapped)
        return server.sockets[0].getsockname()[1]

    plain = await serve()
    starttls = await serve(
        tls_context=tls, require_starttls=True, auth_required=True, authenticator=login
    )
    wrapped = await serve(wrapped=tls)
    print(f"export CALCOM_TEST_SMTP_URL=smtp://127.0.0.1:{plain}")
    user = "tests:pass%2Fword%20of%20the%20tests"
    print(f"export CALCOM_TEST_SMTP_STARTTLS_URL='smtp://{user}@localhost:{starttls}?tls=required'")
    print(f"export CALCOM_TEST_SMTP_TLS_URL=smtps://localhost:{wrapped}")
    print(f"export CALCOM_TEST_SMTP_ROOT='{path('root.pem')}'")
    print(f"export CALCOM_TEST_SMTP_MAILS='{path('mails')}'", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
