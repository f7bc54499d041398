"""A sweep in a process of its own: prints its queries, and its highest memory in KiB."""

import os

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()

    from bench.report import highest_memory_kib
    from bench.world import counted
    from onboarding.usecases import sync

    with counted() as queries:
        sync.run()
    print(queries.count, highest_memory_kib())
