"""What staff can do for one company: the table of actions, each with its own right, conditions and questions.

Every one runs through a use case, on record, outside of any transaction of the admin's.
"""

from . import at_codat, links, people, removal
from .act import Act

__all__ = ["ACTS", "Act"]

ACTS = {act.name: act for act in (*links.ACTS, *at_codat.ACTS, *people.ACTS, *removal.ACTS)}
