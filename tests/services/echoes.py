"""A service on loopback that says the key it was called with, in every way in which services say such things.

``FORMS`` names the ways. Each answers every request alike, so that any command can be given.
"""

import contextlib
import html
import http.server
import json
import threading
from collections.abc import Callable, Mapping
from urllib.parse import quote

KEY = "0f8fad5b/d9cb+469f-a165=70867728950e"
"""A key with characters that JSON, HTML and URLs write in more than one way."""

DRIVING = "\x1b]52;c;cm0gLXJm\x07\x1b]0;title\x07\x1b[2J\r\nWARNING forged: line\x9b2J\u202etxt\u2066"
"""Sets the clipboard and the title, clears the screen, begins a line, turns the direction."""

_HTML = "text/html; charset=utf-8"


def _unicode(key):
    return "".join(f"\\u{ord(char):04X}" for char in key)


def _raw(text, status=200, kind="application/json", **headers):
    return status, {"Content-Type": kind, **headers}, text.encode("utf-8")


def _json(record, status=200, **headers):
    return _raw(json.dumps(record), status, **headers)


FORMS: Mapping[str, Callable[[str], tuple[int, Mapping[str, str], bytes]]] = {
    "a header": lambda key: _json({}, **{"X-Request-Id": key}),
    "a header of a refusal": lambda key: _json({"message": "no"}, 400, **{"X-Request-Id": f"<{key}>"}),
    "a header in a URL's way": lambda key: _json({}, 500, **{"Request-Id": quote(key, safe="")}),
    "HTML with 200": lambda key: _raw(f"<p>Welcome {key}</p>", kind=_HTML),
    "HTML with 200, escaped": lambda key: _raw(
        "".join(f"&#x{ord(char):x};" for char in key) + html.escape(f"<{key}>"), kind=_HTML
    ),
    "HTML with 502": lambda key: _raw(f"<a href='/?key={quote(key, safe='')}'>{key}</a>", 502, _HTML),
    "foreign JSON": lambda key: _json({"apiKey": key, "headers": [{"X-Api-Key": key}]}),
    "foreign JSON that is a list": lambda key: _json([key]),
    "foreign JSON that is a text": _json,
    "a name in JSON": lambda key: _json({key: 1, "isValid": {key: key}, "data": {key: 2}, "status": [key]}),
    "escaped slashes": lambda key: _raw('{"message": "' + key.replace("/", "\\/") + '", "status": "ERROR"}'),
    "escaped letters": lambda key: _raw('{"status": "ERROR", "message": "' + _unicode(key) + '"}'),
    "escaped letters of a refusal": lambda key: _raw('{"message": "' + _unicode(key) + '"}', 422),
    "JSON within JSON": lambda key: _json({"message": json.dumps({"k": key}).replace("/", "\\/")}, 400),
    "JSON that is cut off": lambda key: _raw('{"message": "' + _unicode(key), 200),
    "a receipt's message": lambda key: _json({"status": "ERROR", "message": f"key {key} is wrong"}),
    "a receipt's errors": lambda key: _json({"errors": [{"field": key, "message": key}], "status": "ERROR"}),
    "a receipt's word": lambda key: _json({"status": key}),
    "a message": lambda key: _json({"message": f"{key}: who is that?"}, 400),
    "errors": lambda key: _json({"errors": [key, {"field": key, "message": key}]}, 409),
    "a key that is refused": lambda key: _json({"message": f"unknown key {key.upper()}"}, 401),
    "no service": lambda key: _json({"message": key}, 503, **{"Retry-After": key}),
    "another place": lambda key: _raw("", 302, Location=f"https://elsewhere.example/?key={key}"),
    "wide letters": lambda key: (200, {"Content-Type": "text/html"}, f"<p>{key}</p>".encode("utf-16")),
    "records": lambda key: _json(
        {
            "metaData": {"totalCount": 1},
            "data": [{"invoiceNumber": "1", "status": "ERROR", "error": key, "method": key}],
        }
    ),
    "no HTTP": lambda key: (0, {}, f"HTTP/1.1 200 {key}\r\nX-Request-Id: {key}\r\n{key}\0\r\n\r\n".encode()),
    "a head alone": lambda key: (
        0,
        {},
        f"HTTP/1.1 200 OK\r\nContent-Length: 99\r\nX-Request-Id: {key}\r\n\r\n{key}".encode(),
    ),
}
"""Each way: the answer to a request with a key; with status 0, whatever is written in place of one."""


@contextlib.contextmanager
def echoing(form):
    """Serves until the block ends; gives its URL."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, headers, body = form(self.headers["X-Api-Key"])
            if status:
                self.send_response(status)
                for name, value in headers.items():
                    self.wfile.flush()
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
            self.wfile.write(body)
            self.close_connection = True

        do_POST = do_GET  # noqa: N815 (the server's own name)

        def log_message(self, *arguments):
            """Says nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
