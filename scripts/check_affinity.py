"""Starts a proxy with its recipe from deploy/ before two servers that only say who they are, and sees that whatever is about
one document comes to one server, and that documents are spread.

    check_affinity.py nginx|haproxy
"""

import collections
import http.server
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import uuid

DEPLOY = pathlib.Path(__file__).resolve().parent.parent / "deploy"
DOCUMENTS = 40
kind = sys.argv[1]


class Named(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(str(self.server.server_port).encode())

    def log_message(self, *_):
        pass


def start_server():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Named)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def recipe(port, servers, scratch):
    """The recipe with the addresses of this machine, and the command that runs it in the foreground."""
    name = {"nginx": "nginx/weft.conf", "haproxy": "haproxy/haproxy.cfg"}[kind]
    text = (DEPLOY / name).read_text()
    for number, server in enumerate(servers, 1):
        text = text.replace(f"weft-{number}:8080", f"127.0.0.1:{server}")
    text = re.sub(r"(listen|bind :?)\s*8080", lambda found: f"{found[1].rstrip(':')} 127.0.0.1:{port}".replace("  ", " "), text)
    file = scratch / "recipe"
    if kind == "haproxy":
        # As many descriptors as a machine for tests has.
        file.write_text(re.sub(r"maxconn \d+", "maxconn 100", text))
        return ["haproxy", "-f", file]
    parts = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{part}_temp_path {scratch}/{part};\n" for part in parts)
    head = f"pid {scratch}/pid;\nerror_log stderr;\ndaemon off;\nmaster_process off;\nevents {{}}\n"
    file.write_text(f"{head}http {{\naccess_log off;\n{temporary}{text}}}\n")
    return ["nginx", "-c", file]


def ask(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
        return answer.read().decode()


def wait_for_both(port, servers):
    for _ in range(200):
        try:
            seen = {ask(port, f"/v1/sync/{number}") for number in range(30)}
            if seen == {str(server) for server in servers}:
                return
        except (urllib.error.URLError, ConnectionError):
            pass
        time.sleep(0.1)
    sys.exit("the proxy does not reach both servers")


servers = [start_server(), start_server()]
port = free_port()
with tempfile.TemporaryDirectory() as scratch:
    proxy = subprocess.Popen(recipe(port, servers, pathlib.Path(scratch)))
    try:
        wait_for_both(port, servers)
        spread = collections.Counter()
        for _ in range(DOCUMENTS):
            document = uuid.uuid4()
            places = {
                ask(port, f"/v1/sync/{document}?token=x"),
                ask(port, f"/v1/documents/{document}"),
                ask(port, f"/v1/documents/{document}/content?format=markdown"),
                ask(port, f"/v1/documents/{document}:restore"),
                ask(port, f"/v1/collab?document={document}"),
            }
            if len(places) != 1:
                sys.exit(f"what is about {document} comes to {places}")
            spread[places.pop()] += 1
        if min(spread.values()) < DOCUMENTS // 8 or len(spread) != 2:
            sys.exit(f"documents are not spread: {dict(spread)}")
        if ask(port, "/v1/sync/a%20b/c") != ask(port, "/v1/sync/a%20b/c?token=x"):
            sys.exit("a name with a space comes to two servers")
        if len({ask(port, "/v1/users/me") for _ in range(10)}) != 1:
            sys.exit("a client's other requests come to two servers")
    finally:
        proxy.terminate()
        proxy.wait()
print(f"{kind}: {DOCUMENTS} documents, each on one server: {dict(spread)}")
