"""What only sockets show: connections that are refused, reset, cut off or closed, and certificates."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from socket import SO_LINGER, SOL_SOCKET, socket
from struct import pack
from typing import TypeAlias

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from driving import ADD, READ, tried
from network import connection
from prefect_reconcile.api.client import Api
from prefect_reconcile.errors import AnswerError, PrefectError, UnreachableError
from prefect_reconcile.model import Answer, Call

Reply: TypeAlias = Callable[[asyncio.StreamWriter], Awaitable[None]]
"""What is done with one request; the connection stays open if the writer does."""

CHECK = "check that the URL is right, that the server runs and that it can be reached from here"
TRUST = "name the CA's file in PREFECT_API_SSL_CERT_FILE if you trust it"


def no_answer(url: str) -> str:
    return f"no answer from {url} (option --api-url) to POST /flows/filter"


async def fine(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")


async def reset(writer: asyncio.StreamWriter) -> None:
    """Ends the connection as a crash does: with RST."""
    writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, pack("ii", 1, 0))
    writer.transport.abort()


async def close(writer: asyncio.StreamWriter) -> None:
    writer.close()


async def cut_off(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")
    writer.close()


async def not_http(writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
    writer.close()


async def broken_gzip(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n{}")


async def error_and_close(writer: asyncio.StreamWriter) -> None:
    """What Prefect 3.8.8 does with an exception: a 500 that does not announce the end of the connection."""
    writer.write(b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 4\r\n\r\noops")
    writer.close()


class Server:
    """Replies to one request after the other, whatever the connection; the last reply repeats."""

    def __init__(self, *replies: Reply) -> None:
        self._replies = list(replies)
        self.served = 0
        self.url = ""
        self.tasks: set[asyncio.Task[None] | None] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.tasks.add(asyncio.current_task())
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while not writer.is_closing():
                head = await reader.readuntil(b"\r\n\r\n")
                length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
                await reader.readexactly(int(length or 0))
                self.served += 1
                await (self._replies.pop(0) if len(self._replies) > 1 else self._replies[0])(writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


@asynccontextmanager
async def serving(server: Server, context: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=context)
    port = listener.sockets[0].getsockname()[1]
    server.url = f"{'https' if context else 'http'}://127.0.0.1:{port}/api"
    try:
        yield server
    finally:
        listener.close()
        await asyncio.gather(*filter(None, server.tasks))


def client(url: str, verify: bool | str = True) -> Api:
    """Tries again without any wait."""
    return Api(connection(url, verify=verify), chance=lambda: 0.0)


def ask_each(server: Server, *calls: Call) -> list[Answer]:
    """The answers to the calls, one after the other."""

    async def main() -> list[Answer]:
        async with serving(server), client(server.url) as prefect:
            return [await tried(prefect, call) for call in calls]

    return asyncio.run(main())


@pytest.mark.parametrize("reply", [reset, close, cut_off, not_http, broken_gzip])
def test_what_goes_wrong_once_is_asked_for_again(reply: Reply) -> None:
    """On the same connection or another."""
    server = Server(fine, reply, fine)
    assert ask_each(server, READ, READ) == [{}, {}]
    assert server.served == 3


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (reset, "Connection reset by peer"),
        (close, "Server disconnected without sending a response."),
        (
            cut_off,
            "peer closed connection without sending complete message body (received 1 bytes, expected 100)",
        ),
        (broken_gzip, "Error -3 while decompressing data: incorrect header check"),
    ],
)
def test_what_goes_wrong_always_is_explained(reply: Reply, reason: str) -> None:
    """By a stranger, so after three tries."""
    server = Server(reply)
    (error,) = ask_each(server, READ)
    assert (type(error), str(error), server.served) == (
        UnreachableError,
        f"{no_answer(server.url)}: {reason} (tried 3 times); {CHECK}",
        3,
    )


@pytest.mark.parametrize("reply", [reset, close, cut_off, broken_gzip])
def test_what_could_be_done_twice_is_not(reply: Reply) -> None:
    """The server has read the request: it may have carried it out."""
    server = Server(fine, reply, fine)
    _, error = ask_each(server, READ, ADD)
    assert (type(error), server.served) == (PrefectError, 2)


def test_a_connection_that_the_server_closed_is_not_used_again() -> None:
    """Prefect closes it after each 500, and what comes next may not be repeatable."""
    server = Server(error_and_close, fine)

    async def main() -> list[Answer]:
        async with serving(server), client(server.url) as prefect:
            return [await tried(prefect, READ), await tried(prefect, READ)]

    failure, answer = asyncio.run(main())
    assert isinstance(failure, AnswerError)
    assert failure.detail == "Internal Server Error, with something instead of JSON"
    assert (answer, server.served) == ({}, 2)


def test_nobody_listens() -> None:
    """The system says so at once."""
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/api"

        async def main() -> Answer:
            async with client(url) as prefect:
                return await tried(prefect, READ)

        failure = asyncio.run(main())
        assert str(failure) == f"{no_answer(url)}: Connection refused (tried 3 times); {CHECK}"


# --- TLS ---


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a self-signed certificate for 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return file


def over_tls(certificate: Path, verify: bool | str) -> tuple[Answer, Server]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = Server(fine)

    async def main() -> Answer:
        # What a refused handshake says on the server's side is of no interest.
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
        async with serving(server, context), client(server.url, verify) as prefect:
            return await tried(prefect, READ)

    return asyncio.run(main()), server


def test_a_certificate_that_nobody_vouches_for(certificate: Path) -> None:
    """No request is sent, and there is no second try."""
    error, server = over_tls(certificate, verify=True)
    assert (type(error), str(error), server.served) == (
        UnreachableError,
        f"{no_answer(server.url)}: its certificate is not trusted: self-signed certificate; {TRUST}",
        0,
    )


@pytest.mark.parametrize("how", ["file", "not at all"])
def test_a_certificate_that_is_trusted(certificate: Path, how: str) -> None:
    """By a file of certificates, or because nobody looks."""
    answer, _ = over_tls(certificate, verify=str(certificate) if how == "file" else False)
    assert answer == {}
