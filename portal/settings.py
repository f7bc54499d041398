"""Settings, all from the environment. Each variable is explained in .env.example; safe when nothing is set."""

from pathlib import Path
from urllib.parse import urlsplit

import environ

from .logs import logging_settings

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"

env = environ.Env()
env.escape_proxy = True
if (BASE_DIR / ".env").is_file():
    env.read_env(BASE_DIR / ".env")

# The process
DEMO = env.bool("DEMO", False)  # set by `make run` without CODAT_BASE_URL; nothing else sets it
DEBUG = env.bool("DEBUG", False)
SECRET_KEY = env.str("SECRET_KEY", "")
if not SECRET_KEY and (VAR_DIR / "secret_key").is_file():
    SECRET_KEY = (VAR_DIR / "secret_key").read_text().strip()  # made by `make run`, for this machine alone
PORT = env.int("PORT", 8000)
PUBLIC_URL = env.str("PUBLIC_URL", f"http://127.0.0.1:{PORT}").rstrip("/")
_public = urlsplit(PUBLIC_URL)
IS_HTTPS = _public.scheme == "https"
ALLOWED_HOSTS = [host.strip() for host in env.list("ALLOWED_HOSTS", default=[])] or [
    _public.hostname or "127.0.0.1",
    *([] if IS_HTTPS else ["127.0.0.1", "localhost"]),
]
ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"

INSTALLED_APPS = [
    "onboarding",
    "django.contrib.admin",
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
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
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
            ],
        },
    }
]

# Database: one file unless DATABASE_URL says otherwise
DATABASES = {"default": env.db_url("DATABASE_URL", f"sqlite:///{VAR_DIR / 'portal.sqlite3'}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
    DATABASES["default"]["TEST"] = {"NAME": VAR_DIR / "test.sqlite3"}  # a file: races need several connections
DATABASES["default"]["ATOMIC_REQUESTS"] = False
DATABASES["default"].setdefault("CONN_MAX_AGE", 60)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {"default": env.cache_url("CACHE_URL", "dbcache://cache")}
SESSION_ENGINE = (
    "django.contrib.sessions.backends.db"
    if CACHES["default"]["BACKEND"].endswith("DatabaseCache")
    else "django.contrib.sessions.backends.cached_db"
)

# Codat
CODAT_BASE_URL = env.str("CODAT_BASE_URL", "").rstrip("/")
CODAT_API_KEY = env.str("CODAT_API_KEY", "")
CODAT_WEBHOOK_SECRETS = [secret.strip() for secret in env.list("CODAT_WEBHOOK_SECRET", default=[]) if secret.strip()]
LINK_MODE = env.str("LINK_MODE", "connection")
QUOTA_RESERVE_PERCENT = env.int("QUOTA_RESERVE_PERCENT", 12)
CODAT_PER_MINUTE = env.int("CODAT_PER_MINUTE", 1000)  # requests from one address; 0: no such limit
SWEEP_MINUTES = env.int("SWEEP_MINUTES", 60)
KEEP_DELIVERIES_DAYS = env.int("KEEP_DELIVERIES_DAYS", 30)
KEEP_HISTORY_DAYS = env.int("KEEP_HISTORY_DAYS", 730)

# Celery
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", "spool://localhost//")

# Mail
EMAIL_CONFIG = env.email_url("EMAIL_URL", f"filemail:///{VAR_DIR / 'mail'}" if DEMO else "consolemail://")
vars().update(EMAIL_CONFIG)
EMAIL_TIMEOUT = 15  # seconds
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "Alderway <no-reply@alderway.example>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# Brand
BRAND_NAME = env.str("BRAND_NAME", "Alderway")
BRAND_LOGO = env.str("BRAND_LOGO", "")
BRAND_PRIMARY = env.str("BRAND_PRIMARY", "")
PRODUCT_NAMES = env.dict("PRODUCT_NAMES", default={})
PRODUCT_URLS = env.dict("PRODUCT_URLS", default={})
SUPPORT_PHONE = env.str("SUPPORT_PHONE", "020 7946 0958")
SUPPORT_EMAIL = env.str("SUPPORT_EMAIL", "help@alderway.example")
SUPPORT_HOURS = env.str("SUPPORT_HOURS", "")
PRIVACY_URL = env.str("PRIVACY_URL", "")
TERMS_URL = env.str("TERMS_URL", "")

# People
AUTH_USER_MODEL = "onboarding.User"
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
STAFF_SECOND_FACTOR = env.bool("STAFF_SECOND_FACTOR", not DEMO)
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*"]
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_FORMAT = {"numeric": True, "length": 6, "dashed": False}
ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS = 5
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 900  # seconds
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_VERIFICATION = "none"

# Language and time
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("fr", "Français")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = env.str("TIME_ZONE", "UTC")

# Static files
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# Logs
LOG_FORMAT = env.str("LOG_FORMAT", "json")
LOGGING = logging_settings(LOG_FORMAT)
SENTRY_DSN = env.str("SENTRY_DSN", "")
METRICS_TOKEN = env.str("METRICS_TOKEN", "")
