"""Settings, all from the environment. Each variable is explained in .env.example; safe when nothing is set."""

import os
from pathlib import Path

from csp.constants import NONE, SELF
from redis.backoff import NoBackoff
from redis.retry import Retry

from . import logs, spool
from .environment import Environment, load

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = load(BASE_DIR)
env = Environment()

# The process
DEMO = env.flag("DEMO", False)  # set by `make run` without CODAT_BASE_URL; nothing else sets it
DEBUG = env.flag("DEBUG", False)
IS_WEB = os.environ.get("PORTAL_PROCESS") == "web"  # set by portal.wsgi
SECRET_KEY = env.secret("SECRET_KEY")
if not SECRET_KEY and (VAR_DIR / "secret_key").is_file():
    SECRET_KEY = (VAR_DIR / "secret_key").read_text().strip()  # made by `make run`, for this machine alone
SECRET_KEY_FALLBACKS = [part.strip() for part in env.secret("SECRET_KEY_FALLBACKS").split(",") if part.strip()]
PORT = env.whole("PORT", 8000, least=1, most=65535)
_public = env.site("PUBLIC_URL", f"http://127.0.0.1:{PORT}")
PUBLIC_URL = _public.geturl()
IS_HTTPS = _public.scheme == "https"
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS") or [
    _public.hostname or "",
    *([] if IS_HTTPS else ["127.0.0.1", "localhost"]),
]
ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"

INSTALLED_APPS = [
    "onboarding",
    "onboarding.admin_app.SupportAdmin",  # django.contrib.admin
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "csp",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
]
MIDDLEWARE = [
    "portal.request_id.RequestId",
    "portal.watched.AnyHost",
    "portal.head.NoBodyForHead",
    "portal.headers.Headers",
    "portal.content_policy.ContentPolicy",
    "portal.proxy.TrustedProxy",
    "portal.known_networks.KnownNetworks",
    "django.middleware.security.SecurityMiddleware",
    "portal.short_way.ShortWay",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portal.one_piece.one_piece",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "onboarding.middleware.PageMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "onboarding.sessions.SessionLimits",
    "onboarding.sessions.SignInRequired",
    "portal.body_limit.BodyLimit",
    "portal.plain_text.PlainText",
    "onboarding.second_factor.StaffOnly",
    "onboarding.second_factor.SecondFactor",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "onboarding.context.frame",
            ],
        },
    }
]

# Database: one file unless DATABASE_URL says otherwise
WEB_STATEMENT_SECONDS = env.whole("WEB_STATEMENT_SECONDS", 2, least=1, most=60)  # PostgreSQL: a page never waits longer
DATABASES = {"default": env.database("DATABASE_URL", f"sqlite:///{VAR_DIR / 'portal.sqlite3'}")}
_database = DATABASES["default"]
if _database["ENGINE"].endswith("sqlite3"):
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,  # seconds
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
    _database["TEST"] = {"NAME": VAR_DIR / f"test-{os.getpid()}.sqlite3"}  # a file: races need several connections
elif _database["ENGINE"].endswith("postgresql"):
    _options = _database.setdefault("OPTIONS", {})
    _options.setdefault("connect_timeout", 5)  # seconds
    if IS_WEB:
        _options.setdefault("options", f"-c statement_timeout={WEB_STATEMENT_SECONDS * 1000}")
_database["ATOMIC_REQUESTS"] = False  # no HTTP call within a transaction
_database.setdefault("CONN_MAX_AGE", 60)  # seconds
_database["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# `default` counts limits on sign-in: when it is away, nobody signs in. `hints` is what pages can do without.
CACHES = {"default": env.cache("CACHE_URL", "dbcache://cache")}
_cache = CACHES["default"]
if _cache["BACKEND"].endswith("DatabaseCache"):
    _cache["OPTIONS"] = {"MAX_ENTRIES": 100_000}  # never cull limits early
    CACHES["hints"] = _cache
elif _cache["BACKEND"].endswith("RedisCache"):
    _waits = {"socket_connect_timeout": 1, "socket_timeout": 1, "retry": Retry(NoBackoff(), 0)}  # seconds, once
    _cache["OPTIONS"] = {**_waits, **_cache.get("OPTIONS", {})}
    CACHES["hints"] = {**_cache, "BACKEND": "portal.hints.Hints"}
else:
    CACHES["hints"] = _cache
# In the database alone, so that one that was ended is ended, and a cache that is away signs nobody out.
SESSION_ENGINE = "onboarding.asking"

# Codat
CODAT_BASE_URL = env.str("CODAT_BASE_URL", "").strip().rstrip("/")
CODAT_API_KEY = env.secret("CODAT_API_KEY")
CODAT_WEBHOOK_SECRETS = [part.strip() for part in env.secret("CODAT_WEBHOOK_SECRET").split(",") if part.strip()]
LINK_MODE = env.one_of("LINK_MODE", "connection")  # the only way so far: straight to the chosen software's page
QUOTA_RESERVE_PERCENT = env.whole("QUOTA_RESERVE_PERCENT", 12, most=90)
CODAT_PER_MINUTE = env.whole("CODAT_PER_MINUTE", 1000)  # requests from one address; 0: no such limit
SWEEP_MINUTES = env.whole("SWEEP_MINUTES", 60, least=1)
KEEP_DELIVERIES_DAYS = env.whole("KEEP_DELIVERIES_DAYS", 30, least=3)  # Codat repeats a message for 28 hours
KEEP_HISTORY_DAYS = env.whole("KEEP_HISTORY_DAYS", 730, least=1)

# Celery: a message is a hint, the row says what is due. So an old message is worth nothing, and a lost one is no loss.
CELERY_BROKER_URL = env.broker("CELERY_BROKER_URL", spool.ADDRESS)
SPOOL_DIR = VAR_DIR / "spool"
_scheme = CELERY_BROKER_URL.partition(":")[0]
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "spool": spool.options(SPOOL_DIR),
    "redis": {"visibility_timeout": 3600, "socket_timeout": 15, "socket_connect_timeout": 4, "socket_keepalive": True},
}.get(_scheme.replace("rediss", "redis"), {})
CELERY_BROKER_CONNECTION_TIMEOUT = 4  # seconds
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for its broker for ever; stock gives up after 100 tries
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_STORE_EAGER_RESULT = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# After a lost connection a task's thread would restore the count, reading what the main thread waits for: the worker
# then hangs on RabbitMQ for a minute.
CELERY_WORKER_ENABLE_PREFETCH_COUNT_REDUCTION = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_TASK_DEFAULT_QUEUE = "live"
CELERY_TASK_QUEUES = {name: {"exchange": name, "routing_key": name} for name in ("live", "webhooks", "sweeps", "bulk")}
CELERY_TASK_ROUTES = {
    "onboarding.tasks.drain_deliveries": {"queue": "webhooks"},
    "onboarding.tasks.drain_batches": {"queue": "bulk"},
    "onboarding.tasks.read_uploads": {"queue": "bulk"},
    "onboarding.tasks.sweep": {"queue": "sweeps"},
    "onboarding.tasks.update_needs": {"queue": "sweeps"},
    "onboarding.tasks.remind": {"queue": "sweeps"},
    "onboarding.tasks.refresh_platforms": {"queue": "sweeps"},
    "onboarding.tasks.prune": {"queue": "sweeps"},
    "portal.clear_spool": {"queue": "sweeps"},
}
# Each task decides itself what is due: the clock only asks.
_clock = {
    "heartbeat": 15,
    "follow_connections": 10,
    "send_mails": 10,
    "drain_deliveries": 20,
    "drain_batches": 20,
    "read_uploads": 20,
    "sweep": 60,
    "update_needs": 300,
    "remind": 3600,
    "refresh_platforms": 600,
    "prune": 3600,  # a day would begin anew with each restart of the clock
}  # seconds
CELERY_BEAT_SCHEDULE = {
    name: {"task": f"onboarding.tasks.{name}", "schedule": seconds, "options": {"expires": seconds}}
    for name, seconds in _clock.items()
}
if _scheme == "spool":
    CELERY_BEAT_SCHEDULE["clear_spool"] = {"task": "portal.clear_spool", "schedule": 30, "options": {"expires": 30}}
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat")
CELERY_TIMEZONE = "UTC"

# Mail
vars().update(env.mail("EMAIL_URL", "consolemail://"))
MAIL_DIR = VAR_DIR / "mail"  # of the demo
if DEMO and not env.str("EMAIL_URL", ""):
    EMAIL_BACKEND = "onboarding.mailbox.Mailbox"
EMAIL_TIMEOUT = 15  # seconds
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "Alderway <no-reply@alderway.example>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# Brand
BRAND_NAME = env.str("BRAND_NAME", "Alderway")
BRAND_LOGO = env.str("BRAND_LOGO", "")
BRAND_PRIMARY = env.str("BRAND_PRIMARY", "")
PRODUCT_NAMES = env.dict("PRODUCT_NAMES", default={})
_products = ("bill_pay_async", "bill_pay_sync", "expenses")
PRODUCT_URLS = env.dict(
    "PRODUCT_URLS", default=dict.fromkeys(_products, "https://www.alderway.example/") if DEMO else {}
)
SUPPORT_PHONE = env.str("SUPPORT_PHONE", "020 7946 0958")
SUPPORT_EMAIL = env.str("SUPPORT_EMAIL", "help@alderway.example")
SUPPORT_HOURS = env.str("SUPPORT_HOURS", "")
PRIVACY_URL = env.str("PRIVACY_URL", "")
TERMS_URL = env.str("TERMS_URL", "")

# People
AUTH_USER_MODEL = "onboarding.User"
LOGIN_URL = "/sign-in/"
CSRF_FAILURE_VIEW = "onboarding.views.errors.csrf_failure"
LOGIN_REDIRECT_URL = "/"
AUTHENTICATION_BACKENDS = ["onboarding.asking.Accounts"]
PASSWORD_RESET_TIMEOUT = 3600  # seconds
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
STAFF_SECOND_FACTOR = env.flag("STAFF_SECOND_FACTOR", not DEMO)
ACCOUNT_ADAPTER = "onboarding.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]  # nobody signs up; without it staff's form has no password field
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_FORMAT = {"numeric": True, "length": 6, "dashed": False}
ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS = 5
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 900  # seconds
ACCOUNT_LOGIN_TIMEOUT = 3600  # seconds: a code that has ended is told apart from one that was never asked for
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False  # staff's sessions end with the browser too
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "django.contrib.auth.tokens.PasswordResetTokenGenerator"  # noqa: S105  a name
# `ip`: one address. `key`: one account, apart for each browser that it knows (onboarding.adapter.limit_key).
ACCOUNT_RATE_LIMITS = {
    "request_login_code": "30/m/ip,6/15m/key",
    "login_code_failed": "5/15m/key",
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/15m/key",
    "reset_password": "10/m/ip,3/15m/key",
    "sign_in_link": "20/m/ip",
    "invitation": "20/m/ip",
    "reminders": "20/m/ip",
}
MFA_ADAPTER = "onboarding.adapter.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_TOLERANCE = 1  # steps of 30 seconds: phones' clocks drift
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not IS_HTTPS
# Single sign-on for staff (OpenID Connect): its button appears at /admin/login/ when OIDC_SERVER_URL is set.
SOCIALACCOUNT_ADAPTER = "onboarding.adapter.StaffSsoAdapter"
OIDC_SERVER_URL = env.str("OIDC_SERVER_URL", "")
OIDC_NAME = env.str("OIDC_NAME", "Company sign-in")
_oidc_app = {
    "provider_id": "staff",
    "name": OIDC_NAME,
    "client_id": env.str("OIDC_CLIENT_ID", ""),
    "secret": env.secret("OIDC_CLIENT_SECRET"),
    "settings": {"server_url": OIDC_SERVER_URL},
}
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "APPS": [_oidc_app] if OIDC_SERVER_URL else [],
        "OAUTH_PKCE_ENABLED": True,
        "VERIFIED_EMAIL": env.flag("OIDC_EMAIL_IS_VERIFIED", False),  # for a provider that verifies and does not say so
    }
}

# Browsers
_host_only = "__Host-" if IS_HTTPS else ""
SESSION_COOKIE_NAME = f"{_host_only}sessionid"
SESSION_COOKIE_AGE = 7 * 24 * 3600  # seconds
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"  # Strict would sign people out on their way back from Codat
SESSION_COOKIE_SECURE = IS_HTTPS
CSRF_COOKIE_NAME = f"{_host_only}csrftoken"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = IS_HTTPS
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
LANGUAGE_COOKIE_NAME = f"{_host_only}language"
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = IS_HTTPS
SECURE_SSL_REDIRECT = IS_HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]  # asked from inside, in plain HTTP
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = IS_HTTPS
SECURE_HSTS_PRELOAD = IS_HTTPS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
TRUSTED_PROXY = env.networks("TRUSTED_PROXY")  # portal.proxy drops forwarded headers of everybody else
if TRUSTED_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
STAFF_NETWORKS = env.networks("STAFF_NETWORKS", or_socket=False)  # empty: from anywhere
WEBHOOK_NETWORKS = env.networks("WEBHOOK_NETWORKS", or_socket=False)
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440  # bytes
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1_000
DATA_UPLOAD_MAX_NUMBER_FILES = 5
FILE_UPLOAD_PERMISSIONS = 0o600
IMPORT_PATH = "/admin/onboarding/batch/import/"  # the one page that takes a large body, from staff
IMPORT_MAX_BYTES = 50 * 1024 * 1024 + 65_536  # the file, and the form around it
# Pages that leave for Link widen form-action: see onboarding.security.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "object-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

# Language and time
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("fr", "Français")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = env.time_zone("TIME_ZONE", "UTC")

# Static files
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": env.str("STATIC_STORAGE", "whitenoise.storage.CompressedManifestStaticFilesStorage")},
}

# Logs and watching
LOG_FORMAT = env.one_of("LOG_FORMAT", "json", "console")
LOG_LEVEL = env.one_of("LOG_LEVEL", "INFO", "DEBUG", "WARNING", "ERROR")
SENTRY_DSN = env.secret("SENTRY_DSN")
METRICS_TOKEN = env.secret("METRICS_TOKEN")
logs.keep_out([SECRET_KEY, *SECRET_KEY_FALLBACKS, CODAT_API_KEY, *CODAT_WEBHOOK_SECRETS, METRICS_TOKEN])
logs.keep_out([env.secret("OIDC_CLIENT_SECRET"), str(_database.get("PASSWORD", ""))])
logs.configure()
LOGGING = logs.logging_settings(LOG_FORMAT, LOG_LEVEL)
