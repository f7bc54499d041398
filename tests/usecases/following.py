"""The clock's part, done at once."""

from onboarding.tasks import follow_connections


def follow_all(rounds: int = 6) -> None:
    for _ in range(rounds):
        follow_connections()
