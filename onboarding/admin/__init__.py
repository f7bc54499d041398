"""Support staff's part of the site: stock admin with our lists, pages and actions.

Nothing here changes a company, a connection or anything at Codat by itself: every action is a use case.
"""

from . import batch, company, deletions, delivery, machinery, people, platforms

__all__ = ["batch", "company", "deletions", "delivery", "machinery", "people", "platforms"]
