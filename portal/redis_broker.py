"""Redis as the broker: kombu's transport, with the holes closed through which workers die when Redis restarts.

As shipped (kombu 5.7.0), a worker whose connection breaks puts unacknowledged messages back over that same
connection, and acknowledges over it what ends later. Both fail with errors that Celery does not expect, and the
worker ends with exit code 1. Our messages are hints: nothing need be put back, and nothing is lost with an
acknowledgement.
"""

from kombu.transport import redis


class Channel(redis.Channel):
    do_restore = False

    def basic_ack(self, delivery_tag: str, multiple: bool = False) -> None:
        if not self.closed:
            super().basic_ack(delivery_tag, multiple)

    def basic_reject(self, delivery_tag: str, requeue: bool = False) -> None:
        if not self.closed:
            super().basic_reject(delivery_tag, requeue)


class Transport(redis.Transport):
    Channel = Channel
