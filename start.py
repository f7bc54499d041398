"""One command for everything: python3 start.py run | test | setup | fmt | check | bench | test-services | chaos

Needs Python alone. Makes .venv from the lock file the first time, and again when the lock file changes.
"""
# This file must be readable for a very old Python, so that it can say which one is needed.

import hashlib
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(ROOT, ".venv")
STAMP = os.path.join(VENV, "stamp")
PYTHON = os.path.join(VENV, "bin", "python")

TESTS = ["-m", "pytest"]
CHAOS = ["tests/chaos", "tests/properties", "tests/security/test_fuzz.py"]
CHECKS = [
    ("ruff check", ["-m", "ruff", "check", "."]),
    ("ruff format", ["-m", "ruff", "format", "--check", "."]),
    ("djlint", ["-m", "djlint", "--lint", "--quiet", "templates"]),
    ("mypy", ["-m", "mypy"]),
    ("migrations", ["manage.py", "makemigrations", "--check", "--dry-run"]),
    ("deploy", ["manage.py", "check", "--deploy", "--fail-level", "WARNING"]),
    ("pip check", ["-m", "pip", "check"]),
    ("browser tests", ["-m", "pytest", "-m", "browser", "-n", "2", "-q", "tests/browser"]),
]
# What `check --deploy` is run with: a portal as it would stand in public. Nothing here is a real secret.
PRODUCTION = {
    "ENV_FILE": os.devnull,
    "SECRET_KEY": "only-for-checking-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFG",
    "PUBLIC_URL": "https://connect.example.com",
    "ALLOWED_HOSTS": "connect.example.com",
    "DATABASE_URL": "sqlite:///:memory:",
    "CODAT_BASE_URL": "https://api.codat.io",
    "CODAT_API_KEY": "only-for-checking",
    "CODAT_WEBHOOK_SECRET": "whsec_b25seS1mb3ItY2hlY2tpbmctMDEyMzQ1Njc4OQ==",
    "TRUSTED_PROXY": "10.0.0.0/8",
    "PRODUCT_URLS": "expenses=https://expenses.example.com",
    "EMAIL_URL": "smtp+tls://portal:only-for-checking@mail.example.com:587",
    "DEMO": "0",
    "DEBUG": "0",
}


def main(words):
    if sys.version_info < (3, 11):
        return fail("This needs Python 3.11 or newer; you have %d.%d." % sys.version_info[:2])
    target, rest = (words[0], words[1:]) if words else ("", [])
    if target not in TARGETS:
        return fail("Say what to do: python3 start.py %s" % " | ".join(TARGETS))
    return TARGETS[target](rest)


def setup(_rest):
    return ensure("dev")


def run(rest):
    return ensure("run") or become(["manage.py", "up"] + rest)


def test(rest):
    return ensure("dev") or become(TESTS + (rest or ["-n", "2", "-q"]))


def test_services(rest):
    """Real workers and brokers, then the ordinary suite on PostgreSQL and Redis. What is named comes alone."""
    code = ensure("dev") or call(TESTS + ["-m", "services", "-q"] + (rest or ["tests/services"]))
    return code if code or rest else call(TESTS + ["-n", "2", "-q"], {"TEST_ON": "services"})


def chaos(rest):
    """Two files at a time, for they wait more than they work. What is asked for by name comes alone."""
    return ensure("dev") or become(TESTS + ["-m", "chaos", "-q"] + (rest or ["-n", "2", "--dist", "loadfile"] + CHAOS))


def bench(rest):
    return ensure("dev") or become(["-m", "bench"] + rest)


def fmt(_rest):
    return ensure("dev") or call(["-m", "ruff", "check", "--fix", "."]) or call(["-m", "ruff", "format", "."])


def check(rest):
    """All of them, or those named; the first that fails ends it."""
    code = ensure("dev")
    for name, command in CHECKS:
        if not code and (not rest or name in rest):
            say("check: " + name)
            code = call(command, PRODUCTION if command[0] == "manage.py" else {})
            if code:
                fail("%s failed." % name)
    return code


TARGETS = {
    "run": run,
    "test": test,
    "setup": setup,
    "fmt": fmt,
    "check": check,
    "bench": bench,
    "test-services": test_services,
    "chaos": chaos,
}


def ensure(kind):
    """Have an environment that holds the lock file's packages; the dev set serves `run` too. Returns an exit code."""
    found = read(STAMP).split()
    if found and found[0] == place() and found[1:] in ([stamp(kind)], [stamp("dev")]):
        return 0
    if os.path.islink(VENV):  # making it anew would empty the folder that it leads to, which is somebody else's
        return fail(".venv is a link to another environment, which does not fit here. Remove the link, then again.")
    say("Setting up .venv, once; this takes a minute.")
    if found:
        os.remove(STAMP)
    fits = found and found[0] == place()
    if not fits and subprocess.call([sys.executable, "-m", "venv", "--clear", VENV]):
        return fail("Could not make .venv. On Debian and Ubuntu, first: apt install python3-venv")
    if subprocess.call([PYTHON] + PIP + ["-r", lock(kind)]):
        return fail("Could not install the packages of %s: see pip's words above." % os.path.relpath(lock(kind), ROOT))
    with open(STAMP, "w") as file:
        file.write("%s %s\n" % (place(), stamp(kind)))
    return 0


PIP = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes"]


def lock(kind):
    return os.path.join(ROOT, "requirements", kind + ".txt")


def stamp(kind):
    with open(lock(kind), "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def place():
    """What an environment is bound to: this Python and this folder."""
    return hashlib.sha256(repr((sys.version, ROOT)).encode()).hexdigest()


def read(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""


def become(command):
    """The command takes our place: signals reach it, and its exit code is ours."""
    os.chdir(ROOT)
    sys.stdout.flush()
    os.execv(PYTHON, [PYTHON] + command)


def call(command, extra=None):
    return subprocess.call([PYTHON] + command, cwd=ROOT, env=dict(os.environ, **(extra or {})))


def say(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def fail(sentence):
    sys.stderr.write(sentence + "\n")
    return 1


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
