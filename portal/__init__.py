"""Wiring only: what the product needs of its surroundings."""

from .celery import app as celery_app

__all__ = ["celery_app"]
