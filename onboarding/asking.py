"""Who is asking: the session and its person, which every page of somebody signed in reads first."""

from django.contrib.auth.backends import ModelBackend
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils import timezone

from .models import User
from .prepared import Prepared, Slot

_SESSION = Prepared(lambda: Session.objects.filter(session_key=Slot("key")))
_USER = Prepared(lambda: User.objects.filter(pk=Slot("pk")))


class SessionStore(db.SessionStore):
    """Django's sessions in the database, and its rules."""

    def _get_session_from_db(self) -> Session | None:
        rows = _SESSION.all(key=self.session_key or "")
        if rows and rows[0].expire_date > timezone.now():
            return rows[0]
        self._session_key = None
        return None


class Accounts(ModelBackend):
    """Django's accounts, and its rules."""

    def get_user(self, user_id: int) -> User | None:
        rows = _USER.all(pk=user_id)
        return rows[0] if rows and self.user_can_authenticate(rows[0]) else None
