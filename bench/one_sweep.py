"""A sweep in a process of its own: prints its queries, and its highest memory in KiB."""

import os
import resource

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()

    from bench.world import counted
    from onboarding.usecases import sync

    with counted() as queries:
        sync.run()
    print(queries.count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
