"""Our customers, and the one company that each has at Codat."""

import re
import time
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _

from .. import codat
from ..actors import Actor
from ..errors import CompanyErased, NoNameLeft, NotNow, StillWorking, Taken
from ..lifecycle import Observation, Source, Status
from ..models import Company, Membership, Role, User
from ..wiring import Errand
from ..wiring import codat as codat_for
from . import door, standing, timeline
from .retries import is_spent, made_nothing

HOLD_SECONDS = 60  # longer than any click lasts; a killed process blocks its company no longer than this
REF_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"  # never I or O: they are read out by phone as 1 and 0
REF_TRIES = 40
NOT_KEPT_BY_CODAT = re.compile(r"[^A-Za-z0-9\s\-'&@.,?!]+")
CHANGEABLE = frozenset(
    {"customer_id", "name", "email", "language", "product", "contact", "phone", "country", "time_zone"}
)


def cleaned_name(name: str) -> str:
    """What Codat will keep of a name: letters, digits, white space and - ' & @ . , ? !

    Codat drops the rest in silence, accented letters too, so they lose their accents here first.
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", name.replace("’", "'")) if not unicodedata.combining(c))
    return " ".join(NOT_KEPT_BY_CODAT.sub("", plain).split())[:255]


def create(
    *,
    customer_id: str,
    name: str,
    email: str,
    product: str,
    by: Actor,
    language: str = "en",
    contact: str = "",
    phone: str = "",
    country: str = "",
    time_zone: str = "",
    tags: Mapping[str, str] | None = None,
) -> Company:
    """A customer of ours, on our side alone: no people yet, and nothing asked of Codat.

    Raises Taken for a customer ID that exists already; nothing is stored then.
    """
    company = Company(
        customer_id=customer_id.strip(),
        name=name.strip(),
        email=User.objects.normalize_email(email),
        product=product,
        language=language,
        contact=contact,
        phone=phone,
        country=country.upper(),
        time_zone=time_zone,
        tags=dict(tags or {}),
        state_since=timezone.now(),
    )
    with transaction.atomic():
        _save_with_reference(company)
        timeline.write("company.created", company=company, by=by, after=company.name)
        standing.refresh([company.pk])
    return company


def _save_with_reference(company: Company) -> None:
    for attempt in range(REF_TRIES):
        company.ref = reference(company.name, spread=attempt >= REF_TRIES // 2)
        try:
            with transaction.atomic():
                company.save(force_insert=True)
                return
        except IntegrityError:
            if Company.objects.filter(customer_id=company.customer_id).exists():
                raise Taken(customer_id=company.customer_id) from None
    raise RuntimeError("no free reference was found")


def reference(name: str, *, spread: bool = False) -> str:
    """A short public name such as MSB-4821: initials of the words, else letters of the name, else random ones.

    spread  the name's own letters are crowded: take random ones
    """
    plain = cleaned_name(name).upper()
    words = ["".join(c for c in word if c in REF_LETTERS) for word in plain.split()]
    initials = "".join(word[0] for word in words if word)
    letters = initials if len(initials) >= 3 else "".join(words)
    if spread or len(letters) < 3:
        letters = get_random_string(3, REF_LETTERS)
    return f"{letters[:3]}-{get_random_string(4, '0123456789')}"


def add_person(company: Company, email: str, *, by: Actor, name: str = "", role: str = Role.MEMBER) -> User:
    """Give an address access to a company; the person is made if new. A member never becomes less by it."""
    address = User.objects.normalize_email(email)
    with transaction.atomic():
        user = User.objects.filter(email=address).first() or User.objects.create_user(address, name=name)
        membership, is_new = Membership.objects.get_or_create(company=company, user=user, defaults={"role": role})
        if not is_new and role == Role.MEMBER and membership.role != Role.MEMBER:
            membership.role = Role.MEMBER
            membership.save(update_fields=["role"])
        if is_new:
            timeline.write("person.added", company=company, by=by, after=address, facts={"role": role})
            standing.refresh([company.pk])
    return user


def remove_person(company: Company, user: User, *, by: Actor) -> None:
    """Take access away. The person's account stays, for other companies."""
    with transaction.atomic():
        if Membership.objects.filter(company=company, user=user).delete()[0]:
            timeline.write("person.removed", company=company, by=by, before=user.email)
            standing.refresh([company.pk])


def change(company: Company, *, by: Actor, **fields: str) -> list[str]:
    """Correct what we know of a customer. Returns the names of what changed.

    Raises NotNow for a product change once Codat has a connection of it, Taken for a customer ID in use.
    """
    with transaction.atomic():
        company = Company.objects.select_for_update().get(pk=company.pk)
        changed = [name for name in CHANGEABLE & fields.keys() if getattr(company, name) != fields[name]]
        if "product" in changed and company.connections.exclude(status=Status.DELETED).exists():
            raise NotNow(sentence=_("The product can be changed only before software is connected."))
        if "customer_id" in changed and Company.objects.filter(customer_id=fields["customer_id"]).exists():
            raise Taken(customer_id=fields["customer_id"])
        for name in sorted(changed):
            before = getattr(company, name)
            setattr(company, name, fields[name])
            timeline.write(
                "company.changed", company=company, by=by, before=before, after=fields[name], facts={"field": name}
            )
        if changed:
            company.save(update_fields=changed)
            standing.refresh([company.pk])
    return sorted(changed)


@contextmanager
def held(company: Company, *, wait_seconds: float = 8.0) -> Iterator[Company]:
    """Only one process at a time acts for a company at Codat; yields the row as it is now.

    Raises StillWorking if another one does not let go in time. A dead holder's claim runs out by itself.
    """
    me = uuid4()
    if not _wait_to_hold(company.pk, me, wait_seconds):
        raise StillWorking
    try:
        fresh = Company.objects.get(pk=company.pk)
        if fresh.erased_at:
            raise CompanyErased
        yield fresh
    finally:
        _let_go(company.pk, me)


@contextmanager
def held_if_free(company: Company, *, wait_seconds: float = 8.0) -> Iterator[None]:
    """As `held`, for what nobody may be kept from: after the wait it goes ahead beside the other one."""
    me = uuid4()
    _wait_to_hold(company.pk, me, wait_seconds)
    try:
        yield
    finally:
        _let_go(company.pk, me)


def _wait_to_hold(pk: int, me: UUID, wait_seconds: float) -> bool:
    give_up_at = time.monotonic() + wait_seconds
    while not _hold(pk, me):
        if time.monotonic() >= give_up_at:
            return False
        time.sleep(0.1)
    return True


def _let_go(pk: int, me: UUID) -> None:
    Company.objects.filter(pk=pk, held_by=me).update(held_by=None, held_until=None)


def _hold(pk: int, me: UUID) -> bool:
    now = timezone.now()
    is_free = Q(held_until=None) | Q(held_until__lt=now)
    until = now + timedelta(seconds=HOLD_SECONDS)
    return bool(Company.objects.filter(is_free, pk=pk).update(held_by=me, held_until=until))


def ensure(company: Company, *, by: Actor, errand: Errand = Errand.CLICK) -> Company:
    """The company exists at Codat afterwards, and never twice; returns the fresh row.

    Raises StillWorking, NoNameLeft, CompanyErased or a CodatError; then the intent stays stored, and asking
    again finds what a lost answer made.
    """
    if company.codat_id and not company.gone_at:
        return company
    with held(company) as fresh:
        return ensure_held(fresh, by=by, errand=errand)


def ensure_held(company: Company, *, by: Actor, errand: Errand) -> Company:
    """As `ensure`, for a caller that holds the company."""
    if company.codat_id and not company.gone_at:
        return company
    name = cleaned_name(company.name)
    if not name:
        raise NoNameLeft(name=company.name)
    was_asked = company.create_asked_at is not None
    if was_asked and (found := find_at_codat(company, errand)):
        return keep(company, found, by=by)
    key = _intend(company)
    try:
        told = codat_for(errand).create_company(name=name, tags=_tags(company), key=key)
    except codat.CodatError as error:
        return _create_failed(company, error, was_asked=was_asked, by=by, errand=errand)
    return keep(company, told, by=by)


def _tags(company: Company) -> dict[str, str]:
    return {**company.tags, "uid": str(company.uid)}


def _intend(company: Company) -> UUID:
    """Stored before the call: the key, so that repeating is safe, and that it was sent."""
    key = company.create_key or uuid4()
    company.create_key, company.create_asked_at = key, timezone.now()
    company.save(update_fields=["create_key", "create_asked_at"])
    return key


def _create_failed(company: Company, error: codat.CodatError, *, was_asked: bool, by: Actor, errand: Errand) -> Company:
    """Keep what a later try needs; look at once when Codat answered 5xx, for it may have happened."""
    if is_spent(error, was_asked=was_asked):
        company.create_key = None
    if made_nothing(error, was_asked=was_asked):
        company.create_asked_at = None
    company.save(update_fields=["create_key", "create_asked_at"])
    if isinstance(error, (codat.Unreachable, codat.Garbled)) and error.answered:
        found = find_at_codat(company, errand)
        if found:
            return keep(company, found, by=by)
    raise error


def find_at_codat(company: Company, errand: Errand) -> codat.Company | None:
    """The company at Codat that carries our tag; the oldest, should there be several."""
    page = codat_for(errand).list_companies(tags=f"uid={company.uid}")
    ours = [told for told in page.results if told.tags.get("uid") == str(company.uid)]  # filters are not promised
    return min(ours, key=lambda told: (told.created is None, told.created, str(told.id)), default=None)


def keep(company: Company, told: codat.Company, *, by: Actor) -> Company:
    """Remember the company that Codat made or has; its first connections come by themselves."""
    with transaction.atomic():
        company = Company.objects.select_for_update().get(pk=company.pk)
        before = company.codat_id or ""
        company.codat_id, company.codat_name, company.codat_products = told.id, told.name, list(told.products)
        company.gone_at = company.create_key = company.create_asked_at = None
        company.save(
            update_fields=[
                "codat_id",
                "codat_name",
                "codat_products",
                "gone_at",
                "create_key",
                "create_asked_at",
            ]
        )
        timeline.write("codat.company", company=company, by=by, before=before, after=told.id)
        standing.refresh([company.pk])
    return company


def note_gone(company: Company, *, at: datetime, by: Actor, delivery_id: str = "") -> None:
    """Codat no longer has the company: marked, with all its connections. Nothing recreates it by itself."""
    alive = company.connections.exclude(status=Status.DELETED).values_list("pk", flat=True)
    final = max(at, timezone.now())  # no look at them can be newer, whatever two clocks say
    told = Observation(Status.DELETED, final, Source.WORKER, is_read=True, delivery_id=delivery_id)
    door.record(dict.fromkeys(alive, told), by=by)
    with transaction.atomic():
        company = Company.objects.select_for_update().get(pk=company.pk)
        if company.gone_at is None:
            company.gone_at = at
            company.create_key = company.create_asked_at = None
            company.save(update_fields=["gone_at", "create_key", "create_asked_at"])
            timeline.write("gone", company=company, by=by, at=at, problem=True, delivery_id=delivery_id)
            standing.refresh([company.pk])
