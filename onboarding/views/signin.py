"""Sign-in: customers by a mailed code or link, staff by password at /admin/login/.

The answer to an address is the same whether or not it has an account, and costs the same.
"""

from datetime import datetime, timedelta
from typing import Any, cast
from urllib.parse import urlencode

from allauth.account.forms import LoginForm, ResetPasswordForm
from allauth.account.internal.flows.login_by_code import LoginCodeVerificationProcess
from allauth.account.stages import LoginByCodeStage, LoginStageController
from allauth.account.utils import perform_login
from allauth.account.views import LoginView, PasswordResetFromKeyView, PasswordResetView
from allauth.core import ratelimit
from allauth.core.internal.cryptokit import compare_user_code
from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from ..adapter import AccountAdapter, limit_key
from ..errors import LinkEnded, LinkUnknown
from ..models import User
from ..nudge import nudge
from ..security import let_leave
from ..tasks import send_mails
from ..usecases import signin
from . import errors
from .answers import SeeOther, as_see_other, see_other_url
from .token_pages import token_page

PAGE_AND_FORM = require_http_methods(["GET", "HEAD", "POST"])
CODE_WAIT = timedelta(minutes=15)
TRIES_OVER = "code_tries_over_at"  # of the session: the last try for a code ended it


class AddressForm(forms.Form):
    email = forms.EmailField(
        max_length=254,
        label=gettext_lazy("Email address"),
        help_text=gettext_lazy("The one your invitation was sent to."),
        widget=forms.EmailInput(attrs={"autocomplete": "email", "spellcheck": "false"}),
        error_messages={
            "required": gettext_lazy("Enter an email address, like name@example.com"),
            "invalid": gettext_lazy("Enter an email address, like name@example.com"),
        },
    )

    def clean_email(self) -> str:
        return User.objects.normalize_email(self.cleaned_data["email"])


class CodeForm(forms.Form):
    code = forms.CharField(
        label=gettext_lazy("6-digit code"),
        help_text=gettext_lazy("You can paste it. Or press the button in the email."),
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "class": "code"}),
        error_messages={"required": gettext_lazy("This code is not right. Use the one in our latest email.")},
    )

    def clean_code(self) -> str:
        """Pasted codes come with spaces and dashes."""
        code = "".join(sign for sign in self.cleaned_data["code"] if sign.isdecimal() and sign.isascii())
        if len(code) != 6:
            raise forms.ValidationError(_("This code is not right. Use the one in our latest email."))
        return code


def _next(request: HttpRequest) -> str:
    return AccountAdapter.next_path(request)


def _with_next(url: str, next_path: str, **told: str) -> str:
    query = told | ({"next": next_path} if next_path else {})
    return f"{url}?{urlencode(query)}" if query else url


@login_not_required
@never_cache
@PAGE_AND_FORM
def address(request: HttpRequest) -> HttpResponse:
    """Ask for the address. A POST asks for a code, and answers everybody alike."""
    if request.user.is_authenticated:
        return _go_on(request)
    form = AddressForm(request.POST or None)
    status = 200
    if request.method == "POST":
        if form.is_valid():
            if _may_ask(request, form.cleaned_data["email"]):
                return _ask(request, form.cleaned_data["email"])
            form.add_error("email", _too_many())
            status = 429
        else:
            status = 422
    context = {"form": form, "next": _next(request), **(_brought_here(request) if request.method != "POST" else {})}
    return render(request, "account/address.html", context, status=status)


def _brought_here(request: HttpRequest) -> dict[str, Any]:
    """Why somebody is on this page who did not ask for it."""
    codes = {"ended": _("This code has ended. Ask for a new one."), "many": _too_many()}
    return {"was_ended": request.GET.get("out") == "1", "code_told": codes.get(request.GET.get("code", ""), "")}


def _too_many() -> str:
    return _("Too many tries. Wait 15 minutes, then ask for a new code.")


def _go_on(request: HttpRequest) -> SeeOther:
    """Somebody who is signed in already has no business here."""
    return see_other_url(_next(request) or ("/admin/" if request.user.is_staff else "/"))


def _may_ask(request: HttpRequest, email: str) -> bool:
    """Whether a code may be sent: not after too many codes, nor after too many wrong ones."""
    key = limit_key(request, email)
    return ratelimit.consume(request, action="login_code_failed", key=key, dry_run=True) and ratelimit.consume(
        request, action="request_login_code", key=key
    )


def _ask(request: HttpRequest, email: str) -> SeeOther:
    """Begin allauth's code process. Staff, and addresses that nobody has, get a code that never fits and no mail."""
    request.session.pop(TRIES_OVER, None)
    user = User.objects.filter(email=email, is_active=True, is_staff=False).first()
    LoginCodeVerificationProcess.initiate(request=request, user=user, email=email)
    if user is None:
        decoy = AccountAdapter(request).generate_login_code()
        signin.send_code(email, decoy, next_path=_next(request), language=get_language() or "en")
    nudge(send_mails)
    return see_other_url(_with_next("/sign-in/code/", _next(request)))


@login_not_required
@never_cache
@PAGE_AND_FORM
def code(request: HttpRequest) -> HttpResponse:
    """Take the code, in the browser that asked for it. Five tries, 15 minutes."""
    if request.user.is_authenticated:
        return _go_on(request)
    stage = LoginStageController.enter(request, LoginByCodeStage.key)
    if stage is None:
        return _no_code(request)
    if stage.login.user is None:
        User.objects.filter(pk=0).first()  # the query that an account costs here: both take the same time
    process = LoginCodeVerificationProcess(stage)
    form = CodeForm(request.POST or None)
    if request.method != "POST":
        return _code_page(request, process, form, 200)
    status = _try(request, process, form)
    if status == 200:
        return as_see_other(process.finish(_next(request) or None))
    return _code_page(request, process, form, status)


def _no_code(request: HttpRequest) -> SeeOther:
    """No code is awaited. Whoever entered one reads why on the page that sends a new one."""
    if request.method != "POST":
        return see_other_url(_with_next("/sign-in/", _next(request)))
    over_at = request.session.get(TRIES_OVER)
    is_many = over_at is not None and timezone.now() - datetime.fromisoformat(over_at) < CODE_WAIT
    return see_other_url(_with_next("/sign-in/", _next(request), code="many" if is_many else "ended"))


def _code_page(request: HttpRequest, process: Any, form: CodeForm, status: int) -> HttpResponse:
    context = {"form": form, "next": _next(request), "email": process.state["email"]}
    return render(request, "account/code.html", context, status=status)


def _try(request: HttpRequest, process: Any, form: CodeForm) -> int:
    """200 if the code fits; else the status of the page that says why not."""
    if not form.is_valid():
        return 422
    if not process.is_valid():
        form.add_error("code", _("This code has ended. Ask for a new one."))
        return 422
    key = limit_key(request, process.state["email"])
    if not ratelimit.consume(request, action="login_code_failed", key=key, dry_run=True):
        form.add_error("code", _too_many())
        return 429
    is_right = compare_user_code(actual=form.cleaned_data["code"], expected=process.code)
    if is_right and process.user and _may_sign_in(process.user):
        return 200
    ratelimit.consume(request, action="login_code_failed", key=key)
    if not process.record_invalid_attempt():
        request.session[TRIES_OVER] = timezone.now().isoformat()
        form.add_error("code", _too_many())
        return 429
    form.add_error("code", _("This code is not right. Use the one in our latest email."))
    return 422


def _may_sign_in(user: User) -> bool:
    return user.is_active and not user.is_staff


@login_not_required
@token_page
@PAGE_AND_FORM
def link(request: HttpRequest, token: str) -> HttpResponse:
    """The button of a mail: looking shows another button, and pressing that one signs in, once."""
    if request.method == "POST" and not ratelimit.consume(request, action="sign_in_link"):
        return errors.too_many(request, 1)
    try:
        if request.method == "POST":
            used = signin.use_link(token)
            answer = perform_login(request, used.user, redirect_url=used.next_path or None, email=used.user.email)
            return as_see_other(answer)
        found = signin.read_link(token)
    except LinkEnded as error:
        if request.user.is_authenticated:
            return see_other_url(error.next_path or "/")
        context = {"sign_in": _with_next("/sign-in/", error.next_path)}
        return render(request, "account/link_ended.html", context, status=error.http_status)
    except LinkUnknown as error:
        return render(request, "onboarding/invite_unknown.html", status=error.http_status)
    return render(request, "account/link.html", {"email": found.user.email})


class StaffLoginForm(LoginForm):
    """Address and password, for staff. A customer's right password would be answered as a wrong one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = ""  # the page has its own link to a new one
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if self.user is not None and not self.user.is_staff:
            raise AccountAdapter(self.request).validation_error("email_password_mismatch")
        return cleaned


class StaffLogin(LoginView):
    template_name = "account/staff_login.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated and not request.user.is_staff:
            return errors.forbidden(request)
        response = cast(HttpResponse, super().dispatch(request, *args, **kwargs))
        if settings.OIDC_SERVER_URL:
            let_leave(response)
        return response

    def _redirect_to_pending_stage(self, request: HttpRequest, stage: Any) -> HttpResponse | None:
        """Half a sign-in by code is no hindrance here; half a one by password is asked for its second factor."""
        return None if stage.key == LoginByCodeStage.key else super()._redirect_to_pending_stage(request, stage)

    def get_form_class(self) -> type[StaffLoginForm]:
        return StaffLoginForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        sso = settings.OIDC_NAME if settings.OIDC_SERVER_URL else ""
        return {**super().get_context_data(**kwargs), "next": _next(self.request), "sso": sso}


staff_login = login_not_required(StaffLogin.as_view())


class StaffResetForm(ResetPasswordForm):
    """Any address gets the same answer; whether it is staff's is found out by the worker, not here."""

    def clean_email(self) -> str:
        return User.objects.normalize_email(self.cleaned_data["email"])

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        email: str = self.cleaned_data["email"]
        signin.send_password(email)
        nudge(send_mails)
        return email


class StaffReset(PasswordResetView):
    template_name = "account/staff_reset.html"

    def get_form_class(self) -> type[StaffResetForm]:
        return StaffResetForm


staff_reset = never_cache(login_not_required(StaffReset.as_view()))


@method_decorator(token_page, name="dispatch")
class StaffNewPassword(PasswordResetFromKeyView):
    template_name = "account/staff_new_password.html"


staff_new_password = login_not_required(StaffNewPassword.as_view())
