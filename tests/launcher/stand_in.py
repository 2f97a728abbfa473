"""A project small enough to start in a second: what dev.py calls by name, written with the standard library alone.

The launcher is tried on it with real servers and real processes, before and without Django.
"""

MANAGE = """
import os, subprocess, sys, time
command, *rest = sys.argv[1:]
if command == "migrate":
    print("no migrations to apply")
elif command == "generate_demo":
    if "--if-there" in rest and os.path.exists("demo_removed"):
        sys.exit("CommandError: The demo was removed.")
    print("demo", *rest)
elif command == "sql":
    psql = os.environ["PSQL"]
    sys.exit(subprocess.run([psql, "-qAt", "-v", "ON_ERROR_STOP=1", "-c", rest[0], os.environ["DATABASE_URL"]]).returncode)
elif command == "environment":
    print(*(f"{name}={os.environ.get(name)}" for name in rest), sep="\\n")
elif command == "wait":
    print("waiting", flush=True)
    sys.stdin.read()
elif command == "age_grade":
    print(sys.stdin.read().upper(), end="")
    sys.exit(3)
else:
    sys.exit(f"unknown command {command}")
"""

GUNICORN = """
import http.server, signal, sys
port = int(sys.argv[sys.argv.index("--bind") + 1].rpartition(":")[2])

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/health/ready" else 404)
        self.end_headers()

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
http.server.HTTPServer(("127.0.0.1", port), Answer).serve_forever()
"""

CELERY = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("serving as", "beat" if "beat" in sys.argv else "worker")
while True:
    time.sleep(60)
"""

PYTEST = """
import os, sys
print("\\n".join(f"{name}={value}" for name, value in os.environ.items()))
sys.exit(5)
"""

UV = """#!/bin/sh
[ "$1" = --version ] && { echo "uv {version} (stand-in)"; exit; }
echo "$@" >> "$(dirname "$0")/calls"
"""

FILES = {
    "manage.py": MANAGE,
    "gunicorn.py": GUNICORN,
    "celery.py": CELERY,
    "pytest.py": PYTEST,
    "pyproject.toml": '[project]\nrequires-python = ">=3.11,<3.99"\n',
    "uv.lock": "version = 1\n",
}
