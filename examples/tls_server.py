"""An HTTPS server that asks for a client certificate and says who came. For tests: it listens on 127.0.0.1 only.

    python3 examples/tls_server.py PORT SERVER.pem CLIENTS.pem

SERVER.pem holds the server's certificate and key, CLIENTS.pem the certificates that clients' are checked against.
Each connection carries one request, and no session is resumed: every request must use the key of the card again.
Answers 200 and the client's name, or 403 if the client had no certificate. Standard library only.
"""

import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    """Answers every GET with the name of the client; HTTP/1.0, so the connection ends with the answer."""

    timeout = 30

    def do_GET(self) -> None:
        connection = self.connection
        assert isinstance(connection, ssl.SSLSocket)
        name = client_name(connection)
        # The icon is named so that no browser asks for one in a second connection.
        icon = '<link rel="icon" href="data:,">'
        body = f"<title>{name or 'who are you'}</title><p>{connection.version()}\n{icon}\n".encode()
        self.send_response(200 if name else 403)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def client_name(connection: ssl.SSLSocket) -> str:
    """The common name in the client's certificate; empty if there was none."""
    certificate = connection.getpeercert() or {}
    subject = certificate.get("subject", ())
    assert isinstance(subject, tuple)
    names = [pair[1] for part in subject for pair in part if pair[0] == "commonName"]
    return "".join(map(str, names))


class Server(ThreadingHTTPServer):
    """The handshake is made in the thread of the connection, so that a client that waits holds nobody up."""

    daemon_threads = True

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self._context = context

    def finish_request(self, request, client_address) -> None:  # type: ignore[no-untyped-def]
        try:
            with self._context.wrap_socket(request, server_side=True) as secured:
                super().finish_request(secured, client_address)
        except OSError as failed:
            sys.stderr.write(f"{client_address[1]}: {failed}\n")


def context_of(server: str, clients: str) -> ssl.SSLContext:
    """TLS 1.2 and 1.3 with a client certificate asked for, and neither tickets nor a session cache."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server)
    context.load_verify_locations(clients)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.num_tickets = 0
    context.options |= ssl.OP_NO_TICKET
    return context


def main(port: str, server: str, clients: str) -> None:
    with Server(int(port), context_of(server, clients)) as made:
        sys.stdout.write(f"https://127.0.0.1:{made.server_port}/\n")
        sys.stdout.flush()
        made.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
