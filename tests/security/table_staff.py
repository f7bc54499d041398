"""What each address of staff's answers to whom: the roles of the hand-off's section 8, a letter each.

S Support, L Support lead, O Operations, A Auditor, B staff without any right, R superuser. Who is not named gets 403,
and so does every customer; who is not signed in is sent to the door.
"""

from __future__ import annotations

from collections.abc import Mapping

LETTERS = {"S": "Support", "L": "Support lead", "O": "Operations", "A": "Auditor", "B": "bare", "R": "superuser"}
CUSTOMERS = ("owner", "connector", "stranger")

VIEW, WORK, LEAD, OPERATE, ROOT, EVERY = "SLOAR", "SLOR", "LR", "OR", "R", "SLOABR"
NOBODY = ""
Entry = tuple[str, int]  # who, and the code that they get

# Doors: open to who is not signed in, because that is what they are for. (anonymous, staff); customers get 403.
DOORS: Mapping[str, tuple[int, int]] = {
    "admin/login/": (200, 302),
    "admin/cancel/": (302, 200),
    "admin/reauthenticate/": (302, 200),
    "admin/password-reset/": (200, 200),
    "admin/password-reset/sent/": (200, 200),
    "admin/password-reset/done/": (200, 200),
    "^admin/password-reset/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": (200, 200),
    "admin/second-factor/": (302, 200),
    "admin/second-factor/authenticate/": (302, 302),
    "admin/second-factor/reauthenticate/": (302, 302),
    "admin/second-factor/totp/activate/": (302, 302),
    "admin/second-factor/totp/deactivate/": (302, 404),  # there is none yet
    "admin/second-factor/recovery-codes/": (302, 404),
    "admin/second-factor/recovery-codes/generate/": (302, 302),
    "admin/second-factor/recovery-codes/download/": (302, 404),
    "admin/second-factor/webauthn/": (302, 200),
    "admin/second-factor/webauthn/add/": (302, 302),
    "admin/second-factor/webauthn/reauthenticate/": (302, 302),
    "admin/second-factor/webauthn/keys/<int:pk>/remove/": (302, 302),
    "admin/second-factor/webauthn/keys/<int:pk>/edit/": (302, 302),
    "admin/sso/oidc/^(?P<provider_id>[^/]+)/login/": (404, 404),
    "admin/sso/oidc/^(?P<provider_id>[^/]+)/login/callback/": (404, 404),
    "admin/sso/refused/": (401, 401),
    "admin/sso/cancelled/": (200, 200),
}

# GET: who sees it, and with which code.
PAGES: Mapping[str, Entry] = {
    "admin/": (EVERY, 200),
    "admin/numbers.csv": (VIEW, 200),
    "admin/logout/": (EVERY, 405),
    "admin/password_change/": (EVERY, 200),
    "admin/password_change/done/": (EVERY, 200),
    "admin/autocomplete/": (NOBODY, 200),
    "admin/jsi18n/": (EVERY, 200),
    "admin/r/<path:content_type_id>/<path:object_id>/": (EVERY, 404),
    "admin/^(?P<app_label>onboarding|admin|auth)/$": (VIEW, 200),
    "admin/(?P<url>.*)$": (EVERY, 404),
    "admin/onboarding/batch/import/": (OPERATE, 200),
    "admin/onboarding/batch/import/<uuid:uid>/": (OPERATE, 303),  # nobody's: gone
    "admin/onboarding/batch/<int:pk>/stop/": (EVERY, 405),
    "admin/onboarding/batch/<int:pk>/resume/": (EVERY, 405),
    "admin/onboarding/batch/<int:pk>/result.csv": (OPERATE, 200),
    "admin/onboarding/batch/<int:pk>/certificate.txt": (VIEW, 404),  # this one off-boards nobody
    "admin/onboarding/company/inviters/": (VIEW, 200),
    "admin/onboarding/company/bulk/<slug:kind>/": (OPERATE, 200),
    "admin/onboarding/company/<int:pk>/edit/": (WORK, 200),
    "admin/onboarding/company/<int:pk>/do/<slug:name>/": (WORK, 200),
    "admin/onboarding/company/<int:pk>/link/": (WORK, 200),
    "admin/onboarding/company/<int:pk>/as-customer/": (EVERY, 405),
    "admin/onboarding/company/<int:pk>/as-customer/<slug:page>/": (VIEW, 303),  # nothing before it is on record
    "admin/onboarding/alarm/<int:pk>/clear/": (EVERY, 405),
    "admin/onboarding/deletionrequest/batch/<int:pk>/": (LEAD, 200),
    "admin/onboarding/delivery/replay-parked/": (EVERY, 405),
    "admin/onboarding/user/<id>/password/": (ROOT, 200),
    "admin/onboarding/platformpause/pause/": (LEAD, 200),
    "admin/onboarding/platformpause/<int:pk>/resume/": (EVERY, 405),
}

ODD: Mapping[str, dict[str, int]] = {
    "admin/^(?P<app_label>onboarding|admin|auth)/$": {"bare": 404},  # a list of nothing does not exist
}

# The five pages that Django makes for each model: who looks, who adds. Nobody deletes, whoever they are.
MODELS: Mapping[str, tuple[str, str]] = {
    "onboarding/batch": (VIEW, NOBODY),
    "onboarding/company": (VIEW, WORK),
    "onboarding/event": (VIEW, NOBODY),
    "onboarding/mail": (VIEW, NOBODY),
    "onboarding/connection": (VIEW, NOBODY),
    "onboarding/sweep": (VIEW, NOBODY),
    "onboarding/alarm": (VIEW, NOBODY),
    "onboarding/deletionrequest": (VIEW, NOBODY),
    "onboarding/delivery": (VIEW, NOBODY),
    "onboarding/platformstate": (VIEW, NOBODY),
    "onboarding/platformpause": (VIEW, NOBODY),
    "onboarding/user": ("AR", ROOT),
    "auth/group": (ROOT, ROOT),
    "admin/logentry": ("AR", NOBODY),
}

# POST: who may.
ACTS: Mapping[str, str] = {
    "send_link": WORK,
    "copy_link": WORK,
    "choose_software": WORK,
    "open_link": WORK,
    "check": WORK,
    "read_data": WORK,
    "unlink": WORK,
    "start_afresh": WORK,
    "retry_partner": WORK,
    "keep_organisation": WORK,
    "revoke_invitation": WORK,
    "answer_request": WORK,
    "add_person": WORK,
    "remove_person": WORK,
    "end_sessions": WORK,
    "add_note": WORK,
    "remove_connection": LEAD,
    "ask_deletion": LEAD,
    "confirm_deletion": LEAD,
    "withdraw_deletion": LEAD,
}
POSTS: Mapping[str, str] = {
    "admin/onboarding/batch/import/": OPERATE,
    "admin/onboarding/batch/import/<uuid:uid>/": OPERATE,
    "admin/onboarding/batch/<int:pk>/stop/": OPERATE,
    "admin/onboarding/batch/<int:pk>/resume/": OPERATE,
    "admin/onboarding/company/bulk/<slug:kind>/": OPERATE,
    "admin/onboarding/company/<int:pk>/edit/": WORK,
    "admin/onboarding/company/<int:pk>/as-customer/": VIEW,
    "admin/onboarding/alarm/<int:pk>/clear/": OPERATE,
    "admin/onboarding/deletionrequest/batch/<int:pk>/": LEAD,
    "admin/onboarding/delivery/replay-parked/": OPERATE,
    "admin/onboarding/platformpause/pause/": LEAD,
    "admin/onboarding/platformpause/<int:pk>/resume/": LEAD,
    "admin/onboarding/user/<id>/password/": ROOT,
}
BULK_KINDS = {"send-link": OPERATE, "check": OPERATE, "read": OPERATE, "export": OPERATE}


def names(letters: str) -> set[str]:
    return {LETTERS[letter] for letter in letters}
