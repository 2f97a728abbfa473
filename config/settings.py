"""The one settings module: what differs between places comes from the environment (config/environment.py)."""

import logging
import os
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF
from kombu import Queue

from config.environment import PROJECT, read_environment
from config.languages import languages_in
from config.logs import logging_config

ENV = read_environment()
BASE_DIR = PROJECT

ENVIRONMENT = ENV.environment
DEBUG = False  # never: pages, errors and static files behave the same everywhere; the log tells developers more
SECRET_KEY = ENV.key
FIELD_KEYS = ENV.field_keys
SITE_URL = ENV.site_url
_SITE = urlsplit(SITE_URL)
ALLOWED_HOSTS = [
    *(ENV.allowed_hosts or [_SITE.hostname or "localhost"]),
    "localhost",
    "127.0.0.1",
    "[::1]",
]  # health checks
CSRF_TRUSTED_ORIGINS = [SITE_URL]
SECURED = _SITE.scheme == "https"  # plain http is for one's own machine; production over http is reported by `check`

INSTALLED_APPS = [
    "config.apps.AgegradeConfig",
    "athletes",
    "activities",
    "performance",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_htmx",
    "django_structlog",
    "template_partials",
    "timescale",
]

MIDDLEWARE = [
    "config.requests.RequestLogMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "athletes.http.SignInMiddleware",
    "config.requests.PersonalPagesMiddleware",
    "athletes.http.AthleteMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "config.errors.NoPageMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PROJECT / "templates"],
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
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# -- PostgreSQL ---------------------------------------------------------------------------------------------------------
# A pool only where many threads share a process (config/wsgi.py says so); workers, commands and tests hold one each.
DATABASES = {"default": environ.Env.db_url_config(ENV.database_url)}
DATABASES["default"]["ENGINE"] = "config.db"
DATABASES["default"].setdefault("OPTIONS", {})
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True  # a restarted PostgreSQL must not cost a request for every connection
if os.environ.get("AGEGRADE_PROCESS") == "web" and ENV.database_pool_max:
    DATABASES["default"]["OPTIONS"]["pool"] = {
        "min_size": ENV.database_pool_min,
        "max_size": ENV.database_pool_max,
        "timeout": 10,
    }

#: what the database must hold besides the pool of one web process (config/db/pool.py)
WEB_CONCURRENCY = ENV.web_concurrency
CONNECTIONS_BESIDE_WEB = (
    ENV.worker_concurrency + 1 + ENV.database_elsewhere
)  # a worker's processes and the one above them

# -- Redis: queue and cache; sessions stay in the database, so that a lost Redis signs nobody out -----------------------
REDIS_URL = ENV.redis_url
CACHES = {
    "default": {
        "BACKEND": "config.cache.Cache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "agegrade",
        "OPTIONS": {"SOCKET_CONNECT_TIMEOUT": 1, "SOCKET_TIMEOUT": 1, "IGNORE_EXCEPTIONS": True},
    }
}
DJANGO_REDIS_LOG_IGNORED_EXCEPTIONS = True
SESSION_ENGINE = "django.contrib.sessions.backends.db"

# -- people -------------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "athletes.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "athletes.accounts.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"  # so that a sign-up with a known address looks like any other
ACCOUNT_FORMS = {"signup": "athletes.accounts.SignUpForm"}
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # no mail to who never was here
ACCOUNT_EMAIL_CONFIRMATION_EXPIRE_DAYS = 3
ACCOUNT_DEFAULT_HTTP_PROTOCOL = _SITE.scheme
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600
MFA_ADAPTER = "athletes.accounts.TwoStepAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_TOLERANCE = 0  # allauth remembers a used code for one period, so it must not be good for longer
MFA_RECOVERY_CODES_SHOW_ONCE = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_REDIRECT_URL = "/accounts/login/"
ACCOUNT_SESSION_REMEMBER = True
SIGN_UP = ENV.sign_up
MEMBERS_INVITE = ENV.members_invite
ALLAUTH_TRUSTED_PROXY_COUNT = ENV.trusted_proxies  # else everybody behind a proxy shares its limit of attempts

EMAIL_CONFIG = environ.Env.email_url_config(ENV.email_url)
EMAIL_BACKEND = "athletes.mail.QueuedBackend"
MAIL_DELIVERED_BY = EMAIL_CONFIG["EMAIL_BACKEND"]
DEFAULT_FROM_EMAIL = ENV.email_from or f"Agegrade <agegrade@{_SITE.hostname}>"
EMAIL_HOST = EMAIL_CONFIG.get("EMAIL_HOST") or "localhost"
EMAIL_PORT = EMAIL_CONFIG.get("EMAIL_PORT") or 25
EMAIL_HOST_USER = EMAIL_CONFIG.get("EMAIL_HOST_USER") or ""
EMAIL_HOST_PASSWORD = EMAIL_CONFIG.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_USE_TLS = EMAIL_CONFIG.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = EMAIL_CONFIG.get("EMAIL_USE_SSL", False)

# -- what a browser may do ----------------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_SSL_REDIRECT = SECURED
SECURE_REDIRECT_EXEMPT = [r"^health/"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURED else None
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if SECURED else 0
# Subdomains and the browsers' own lists are the domain owner's to decide, and cannot be taken back for a year.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURED
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 60 * 24 * 3600
SESSION_COOKIE_NAME = "agegrade_session" if not SECURED else "__Host-agegrade_session"
CSRF_COOKIE_NAME = "agegrade_csrf" if not SECURED else "__Host-agegrade_csrf"
CSRF_FAILURE_VIEW = "config.errors.csrf_failure"

# -- files --------------------------------------------------------------------------------------------------------------
MEDIA_ROOT = ENV.media_root
STATIC_URL = "static/"
STATIC_ROOT = PROJECT / "var" / "static"
STATICFILES_DIRS = [PROJECT / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(MEDIA_ROOT)}},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if ENV.is_production
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not ENV.is_production
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024  # larger files go to disk while they arrive
FILE_UPLOAD_PERMISSIONS = 0o600
DATA_UPLOAD_MAX_NUMBER_FILES = 1000

# -- language and time --------------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en-gb"
LOCALE_PATHS = [PROJECT / "locale"]
LANGUAGES = languages_in(LOCALE_PATHS[0])
USE_THOUSAND_SEPARATOR = True
TIME_ZONE = "UTC"
USE_TZ = True

# -- Celery -------------------------------------------------------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SOFT_TIME_LIMIT = 300
CELERY_TASK_TIME_LIMIT = 330
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CONSUMER = "config.consumer:Consumer"
CELERY_WORKER_MAX_TASKS_PER_CHILD = 500
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 600_000  # KiB; a child that grew is replaced after its task
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Two queues, and every worker takes from both: what a person waits for is never behind an import of ten thousand files.
CELERY_TASK_QUEUES = (Queue("now"), Queue("celery"))
CELERY_TASK_DEFAULT_QUEUE = "celery"
CELERY_TASK_ROUTES = {
    "athletes.tasks.deliver_mail": {"queue": "now"},
    "activities.tasks.revoke_access": {"queue": "now"},
    "performance.tasks.take_results": {"queue": "now"},
    "performance.tasks.find_races": {"queue": "now"},
}
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "queue_order_strategy": "priority",  # in the order of CELERY_TASK_QUEUES
    # A message comes back when its worker has been silent for longer than any task may take, or may have to wait.
    "visibility_timeout": 4 * 3600,
    "socket_connect_timeout": 2,
    "socket_timeout": 10,
}
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.5}

# -- what Agegrade decides ----------------------------------------------------------------------------------------------
RACE_FOUND_AT = ENV.race_found_at  # at or above: counts at once, marked "found by us"
RACE_ASK_AT = ENV.race_ask_at  # at or above: waits for the athlete's word; below it stays a run
DEMO_PASSWORD = ENV.demo_password
STRAVA_CLIENT_ID = ENV.strava_client_id  # blank: each athlete may still bring an own API application
STRAVA_CLIENT_SECRET = ENV.strava_client_secret
STRAVA_API_URL = ENV.strava_api_url
STRAVA_OAUTH_URL = ENV.strava_oauth_url
STRAVA_VERIFY_TOKEN = ENV.strava_verify_token
STRAVA_SHARE_WITH_COACHES = ENV.strava_share_with_coaches
STRAVA_ALLOW_LEARNING = ENV.strava_allow_learning  # whether answers about runs known from Strava alone teach anything
STRAVA_KEEP_WHEN_DEAUTHORISED = ENV.strava_keep_when_deauthorised
STRAVA_RETENTION_DAYS = ENV.strava_retention_days  # None: kept
STRAVA_POWERED_BY_IMAGE = ENV.strava_powered_by_image  # Strava's artwork; None: the words
STRAVA_CONNECT_IMAGE = ENV.strava_connect_image
NIGHTLY_AT = ENV.nightly_at  # UTC
NIGHTLY_SPREAD_MINUTES = ENV.nightly_spread_minutes

# -- logs ---------------------------------------------------------------------------------------------------------------
LOG_FORMAT = ENV.log_format or ("json" if ENV.is_production else "text")
LOGGING = logging_config(LOG_FORMAT)
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
DJANGO_STRUCTLOG_CELERY_TASK_START_LOG_LEVEL = logging.DEBUG  # a task is told of once, when it ends, with its duration
