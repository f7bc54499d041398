"""A sweep in a process of its own: prints its queries, and its highest memory in KiB."""

import os
import re
from pathlib import Path

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()

    from bench.world import counted
    from onboarding.usecases import sync

    with counted() as queries:
        sync.run()
    # Not ru_maxrss: a new process inherits its parent's.
    highest = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    print(queries.count, highest[1] if highest else 0)
