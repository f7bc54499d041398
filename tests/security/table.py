"""What each address answers to whom. Every pattern of the URLconf stands here, or `test_access` fails.

Written from the page map and the staff's roles, not from the code.
"""

from __future__ import annotations

from collections.abc import Mapping

Codes = tuple[int, ...]

# Customers' pages. The columns: a member of the company, a colleague who was asked to connect and has not,
# another customer, nobody signed in, staff. Staff are members of no company: for them the customer's pages are 404.
CUSTOMERS = ("owner", "connector", "stranger", "anonymous", "Support")
SHUT = 405  # the method is none of the page's, for whoever gets that far

READ: Codes = (200, 200, 404, 302, 404)  # for connectors too
MEMBERS: Codes = (200, 403, 404, 302, 404)
MOVED: Codes = (302, 403, 404, 302, 404)  # the state is another: the page leads to the right one
ACT: Codes = (303, 303, 404, 303, 404)  # who is not signed in goes to sign in; after a form, by 303
MEMBERS_ACT: Codes = (303, 403, 404, 303, 404)
ALL: Codes = (200, 200, 200, 200, 200)
FRONT: Codes = (302, 302, 302, 302, 302)
DONE: Codes = (303, 303, 303, 303, 303)
NONE: Codes = (404, 404, 404, 404, 404)

CUSTOMER_PAGES: Mapping[str, Mapping[str, Codes]] = {
    "": {"GET": FRONT},
    "companies/": {"GET": (200, 200, 302, 302, 200)},  # one company is no list; staff have none
    "c/<str:ref>/": {"GET": MEMBERS},
    "c/<str:ref>/activity/": {"GET": MEMBERS},
    "c/<str:ref>/connect/": {"GET": READ},
    "c/<str:ref>/connect/<slug:slug>/": {"GET": READ},
    "c/<str:ref>/connect/<slug:slug>/email/": {"POST": ACT},
    "c/<str:ref>/connect/<slug:slug>/go/": {"POST": ACT},
    "return/": {"GET": (302, 302, 302, 302, 302)},
    "c/<str:ref>/connection/": {"GET": (200, 302, 404, 302, 404)},
    "c/<str:ref>/connection/status/": {"GET": (204, 403, 404, 204, 404)},
    "c/<str:ref>/connection/shared/": {"GET": MEMBERS},
    "c/<str:ref>/connection/check/": {"POST": MEMBERS_ACT},
    "c/<str:ref>/connection/stopped/": {"GET": MOVED},
    "c/<str:ref>/connection/problem/": {"GET": MOVED},
    "c/<str:ref>/connection/reconnect/": {"POST": MEMBERS_ACT},
    "c/<str:ref>/connection/keep/": {"POST": MEMBERS_ACT},
    "c/<str:ref>/connection/disconnect/": {"GET": MEMBERS, "POST": MEMBERS_ACT},
    "c/<str:ref>/share/": {"GET": MEMBERS, "POST": (422, 403, 404, 303, 404)},
    "c/<str:ref>/share/<int:pk>/again/": {"POST": MEMBERS_ACT},
    "c/<str:ref>/share/<int:pk>/withdraw/": {"POST": MEMBERS_ACT},
    "c/<str:ref>/other/": {"GET": MEMBERS, "POST": (422, 403, 404, 303, 404)},
}

# Open to anybody: what protects them is a token, a signature, or that there is nothing to protect.
OPEN_PAGES: Mapping[str, Mapping[str, Codes]] = {
    "healthz": {"GET": ALL},
    "readyz": {"GET": (503, 503, 503, 503, 503)},  # no worker in this test
    "webhooks/codat/": {"POST": (415, 415, 415, 415, 415)},  # a form; unsigned events are refused in test_webhook
    "webhooks/codat": {"POST": (415, 415, 415, 415, 415)},
    "invite/<str:token>/": {"GET": ALL, "POST": (200, 200, 200, 303, 410)},  # for its own address alone, once
    "sign-in/": {"GET": (303, 303, 303, 200, 303), "POST": (303, 303, 303, 422, 303)},
    "sign-in/code/": {"GET": DONE, "POST": DONE},
    "sign-in/link/<str:token>/": {"GET": ALL, "POST": (303, 303, 303, 410, 303)},  # the first press; others go home
    "reminders/<str:token>/": {"GET": ALL, "POST": DONE},
    "sign-out/": {"POST": DONE},
    "language/": {"POST": DONE},
    "data/": {"GET": ALL},
    "privacy/": {"GET": ALL},
    "terms/": {"GET": ALL},
    "accessibility/": {"GET": ALL},
    "brand.css": {"GET": ALL},
    "brand/logo/<slug:digest>/": {"GET": NONE},  # no logo is set
    "logo/<slug:platform_key>/<slug:digest>/": {"GET": ALL},
    "metrics": {"GET": NONE},  # without its token there is no such page
}

MAY_BE_MISSING = {"metrics"}
