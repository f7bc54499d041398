"""The addresses a browser opens: link addresses, the consent page, pictures, and the desk."""

from __future__ import annotations

import re

from sandbox import lifecycle
from sandbox.errors import ApiError
from sandbox.exchange import Answer, Request, empty_answer, see_other
from sandbox.link import logos, pages, redirect
from sandbox.links import Visit
from sandbox.platforms import PLATFORMS, Platform, by_source
from sandbox.routing import link
from sandbox.shapes import source_type
from sandbox.store import LINKED, UNLINKED, Company, Connection, linked
from sandbox.world import World

OWNERS_PAGES = {"/", "/desk"}
DESK_COMPANIES = 50
_PAGE = re.compile(
    r"^/(|desk|favicon\.ico|company/[^/]+|link/[^/]+|public/.+|companies/[^/]+/connections/[^/]+/start)$"
)
_FOLDERS = {
    "platforms": ("square", False),
    "officialLogos/Full": ("full", False),
    "officialLogos/Square": ("square", False),
    "officialButtons/Default": ("button", False),
    "officialButtons/Hover": ("button", True),
}


def is_page(path: str) -> bool:
    """Whether this address is for people, without key, quota and log."""
    return _PAGE.match(path) is not None


@link.route("GET", "/favicon.ico")
def favicon(world: World, request: Request) -> Answer:
    """Browsers ask for it by themselves: no request of the API, and none of the client's."""
    return empty_answer(204)


@link.route("GET", "/companies/{company_id}/connections/{connection_id}/start")
def start(world: World, request: Request, company_id: str, connection_id: str) -> Answer:
    """Opening a link address uses its password up; the page that follows can be reloaded."""
    connection = world.connection(company_id, connection_id)
    if not world.links.redeem(connection, request.query.get("otp", "")):
        return pages.expired()
    return _visit(world, world.links.begin(connection.company_id, connection.id, _parameters(request)))


@link.route("GET", "/company/{company_id}")
def start_company(world: World, request: Request, company_id: str) -> Answer:
    """The company's own address: the customer chooses the software here."""
    company = world.company(company_id)
    if not world.links.redeem(company, request.query.get("link.otp", "")):
        return pages.expired()
    return _visit(world, world.links.begin(company.id, "", _parameters(request)))


def _visit(world: World, visit: Visit) -> Answer:
    answer = see_other(world.links.visit_url(visit))
    answer.status = 302
    return answer


def _parameters(request: Request) -> dict[str, str]:
    return {name: value for name, value in request.query.items() if name not in {"otp", "link.otp"}}


@link.route("GET", "/link/{visit_id}")
def show(world: World, request: Request, visit_id: str) -> Answer:
    visit = world.links.visits.get(visit_id)
    if visit is None or visit.company_id not in world.store.companies:
        return pages.expired()
    company = world.store.companies[visit.company_id]
    if not visit.connection_id:
        return pages.choose(company, _offered(world, visit), request.path)
    connection = world.store.connections.get(visit.connection_id)
    if connection is None:
        return pages.expired()
    page = pages.already_connected(connection, request.path) if connection.status == LINKED else None
    return page or pages.consent(company, connection, request.path)


def _offered(world: World, visit: Visit) -> list[Platform]:
    hides_sandboxes = visit.parameters.get("link.showSandboxIntegrations") == "false"
    hidden = {"mqjo", "ndsk"} if hides_sandboxes else set()
    platforms = [PLATFORMS[key] for key, is_on in world.enabled.items() if is_on and key not in hidden]
    return [platform for platform in platforms if platform.source_type == "Accounting"]


@link.route("POST", "/link/{visit_id}")
def decide(world: World, request: Request, visit_id: str) -> Answer:
    """The customer's decision; the visit is over with it, and the browser goes back to the client."""
    visit = world.links.visits.get(visit_id)
    company = world.store.companies.get(visit.company_id) if visit else None
    if visit is None or company is None:
        return pages.expired()
    if not visit.connection_id:
        return _chosen(world, request, visit, company)
    connection = world.store.connections.get(visit.connection_id)
    if connection is None:
        return pages.expired()
    del world.links.visits[visit_id]
    outcome = _outcome(world, request, company, connection)
    location = redirect.address(world, visit, outcome)
    if not location:
        return pages.finished("Connected" if outcome.code < 300 else outcome.message)
    return see_other(location)


def _chosen(world: World, request: Request, visit: Visit, company: Company) -> Answer:
    """On the company's page: a platform to connect, or a connection to give up."""
    if request.form.get("unlink"):
        connection = world.connection(company.id, request.form["unlink"])
        if connection.status == LINKED:
            lifecycle.unlink(world, connection)
        return see_other(request.path)
    key = request.form.get("platform", "")
    if not world.enabled.get(key):
        raise ApiError(400, "This platform is not offered.")
    waiting = [c for c in company.connections if c.platform_key == key and c.status != LINKED]
    connection = waiting[0] if waiting else lifecycle.create_connection(world, company, key)
    visit.connection_id = connection.id
    return see_other(request.path)


def _outcome(world: World, request: Request, company: Company, connection: Connection) -> redirect.Outcome:
    answer = request.form.get("answer")
    if answer == "authorise":
        return _authorise(world, request, company, connection)
    outcome = {"cancel": redirect.CANCELLED, "unsupported": redirect.NOT_SUPPORTED}.get(answer or "", redirect.FAILED)
    lifecycle.fail(world, connection, code=str(outcome.code), text=outcome.text, message=outcome.message)
    return outcome


def _authorise(world: World, request: Request, company: Company, connection: Connection) -> redirect.Outcome:
    """Unless it is linked already, or another accounting connection of the company is."""
    if connection.status == LINKED:
        return redirect.NOTHING_DONE
    if any(source_type(other) == "Accounting" for other in linked(company.connections)):
        refused = redirect.ALREADY_ANOTHER
        lifecycle.fail(world, connection, code=str(refused.code), text=refused.text, message=refused.message)
        return refused
    lifecycle.authorise(world, connection, organisation=request.form.get("organisation", "").strip() or None)
    return redirect.LINKED


@link.route("GET", "/public/platforms/{file}")
def platform_logo(world: World, request: Request, file: str) -> Answer:
    return _picture(PLATFORMS.get(file.removesuffix(".png")), "platforms")


@link.route("GET", "/public/{kind}/{shape}/{file}")
def brand_picture(world: World, request: Request, kind: str, shape: str, file: str) -> Answer:
    return _picture(by_source(file.removesuffix(".png")), f"{kind}/{shape}")


def _picture(platform: Platform | None, folder: str) -> Answer:
    if platform is None or folder not in _FOLDERS:
        raise ApiError(404)
    shape, darker = _FOLDERS[folder]
    headers = {"Content-Type": "image/png", "Cache-Control": "public, max-age=86400"}
    return Answer(200, logos.png(platform, shape, darker=darker), headers)


@link.route("GET", "/")
@link.route("GET", "/desk")
def desk(world: World, request: Request) -> Answer:
    latest = reversed(world.store.ordered()[-DESK_COMPANIES:])
    rows: list[tuple[Company, Connection | None]] = []
    for company in latest:
        rows += [(company, connection) for connection in company.connections] or [(company, None)]
    counts = {"Companies": len(world.store.companies), "Connections": len(world.store.connections)}
    return pages.desk(rows, counts)


@link.route("POST", "/desk")
def act(world: World, request: Request) -> Answer:
    """What the customer's software, or somebody at Codat, might do."""
    connection, wanted = world.any_connection(request.form.get("connection", "")), request.form.get("act")
    if wanted == "deauthorise":
        lifecycle.deauthorise(world, connection)
    elif wanted == "delete":
        lifecycle.delete_connection(world, connection)
    elif wanted == "drift":
        world.store.set_status(connection, UNLINKED if connection.status == LINKED else LINKED)
    return see_other("/desk")
