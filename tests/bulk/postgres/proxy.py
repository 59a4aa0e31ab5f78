"""A way to a PostgreSQL server that loses what it is told to lose, at the word COMMIT."""

import contextlib
import socket
import threading
from urllib.parse import urlsplit

from tests.plugins.postgres import address_of


class Proxy:
    """Listens on localhost and passes everything on to a server.

    Attributes:
        loses: What happens at the next COMMIT: ``"answer"`` cuts the line after the server has got it,
            ``"request"`` before; ``"silence"`` passes nothing on any more, and keeps the line.
    """

    def __init__(self, url):
        self._server = address_of(url)
        self._database = urlsplit(url).path
        self._user = urlsplit(url).username or ""
        self.loses = None
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._lines = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self):
        port = self._listening.getsockname()[1]
        return f"postgresql://{self._user}@127.0.0.1:{port}{self._database}"

    def _accept(self):
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            server = self._connected()
            self._lines += [client, server]
            for work in (self._to_server, self._to_client):
                threading.Thread(target=work, args=(client, server), daemon=True).start()

    def _connected(self):
        host, port = self._server
        if not host.startswith("/"):
            return socket.create_connection(self._server)
        server = socket.socket(socket.AF_UNIX)
        server.connect(f"{host}/.s.PGSQL.{port}")
        return server

    def _to_server(self, client, server):
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                lost = self.loses if b"COMMIT\0" in data else None
                if lost is None:
                    server.sendall(data)
                    continue
                self.loses = None
                if lost == "silence":
                    while client.recv(65536):
                        pass
                    break
                client.shutdown(socket.SHUT_RDWR)
                if lost == "answer":
                    server.sendall(data)
                    server.recv(65536)  # the server has committed by now
                break
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)

    def _to_client(self, client, server):
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                client.sendall(data)
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)

    def close(self):
        self._listening.close()
        for line in self._lines:
            line.close()
