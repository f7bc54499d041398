"""A file of so many rows in a process of its own: checked, stored, worked on for a while. Prints its highest memory."""

import os
import sys
from tempfile import TemporaryFile

import django

WORK_SECONDS = 20.0

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()

    from bench.report import highest_memory_kib
    from onboarding.actors import Actor
    from onboarding.forms import clean_row
    from onboarding.usecases import bulk

    with TemporaryFile() as stream:
        stream.write(b"customer_id,name,email,product\n")
        for n in range(int(sys.argv[1])):
            stream.write(f"mem-{os.getpid()}-{n},Company {n} Ltd,owner{n}@customer.example,expenses\n".encode())
        stream.seek(0)
        assert bulk.check_file(stream, clean=clean_row).is_clean
        stream.seek(0)
        batch = bulk.accept_file(stream, clean=clean_row, by=Actor.command())
    bulk.work(batch, seconds=WORK_SECONDS)
    print(highest_memory_kib())
