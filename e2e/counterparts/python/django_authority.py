"""An authorization server that we did not write: django-oauth-toolkit (on oauthlib), which shares no code with the others here. Its habits:
endpoints that end in a slash under a path of their own, an issuer with that path, opaque tokens that a resource server must ask about
(RFC 7662), refresh tokens that rotate and whose reuse ends the family, PKCE demanded of everyone, dynamic registration with management
(RFC 7591, 7592), client ID metadata documents, device authorization, `iss` in the answer (RFC 9207), tokens hashed at rest.

Arguments (one JSON object): {"scope": "mcp:tools"}
Prints {"issuer", "introspection", "secret", "control"}. Control:
  GET  /counts                requests by route, grants given by type, answers of 400 and above
  POST /access-token-life     {"seconds": n}: life of the access tokens given from now on
  POST /forget-clients        every client is gone, and its tokens with it
  POST /live                  {"token": t} -> {"live": bool}
"""

import hashlib
import os
import secrets
import sys
import tempfile

import django
from django.conf import settings

from lifeline import Counting, control, count, loopback_port, options, serve

asked = {"scope": "mcp:tools", **options()}
listener, origin = loopback_port()
issuer = f"{origin}/o"
folder = tempfile.TemporaryDirectory(prefix="mcphub-e2e-django-")
counts = {"requests": {}, "refused": [], "granted": {}}

settings.configure(
    ALLOWED_HOSTS=["localhost"],
    SECRET_KEY=secrets.token_urlsafe(32),
    ROOT_URLCONF="django_authority",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.path.join(folder.name, "db.sqlite3"), "OPTIONS": {"timeout": 30, "transaction_mode": "IMMEDIATE"}}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "oauth2_provider"],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    TEMPLATES=[{
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {
            "context_processors": ["django.template.context_processors.request"],
            "loaders": [
                ("django.template.loaders.locmem.Loader", {"registration/login.html": "<form method='post'>{% csrf_token %}{{ form }}<button>Sign-in</button></form>"}),
                "django.template.loaders.app_directories.Loader",
            ],
        },
    }],
    LOGIN_URL="/login",
    OAUTH2_PROVIDER={
        "OIDC_ISS_ENDPOINT": issuer,
        "SCOPES": {asked["scope"]: "Use the tools", "introspection": "Ask about tokens"},
        "DEFAULT_SCOPES": [asked["scope"]],
        "PKCE_REQUIRED": True,
        "ROTATE_REFRESH_TOKEN": True,
        "REFRESH_TOKEN_REUSE_PROTECTION": True,
        "ALLOWED_REDIRECT_URI_SCHEMES": ["https", "http"],
        "DCR_ENABLED": True,
        "DCR_REGISTRATION_PERMISSION_CLASSES": ["oauth2_provider.dcr.AllowAllDCRPermission"],
        "CIMD_ENABLED": True,
        "OAUTH2_GRANT_TYPES_SUPPORTED": ["authorization_code", "client_credentials", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
        "OAUTH2_RESPONSE_TYPES_SUPPORTED": ["code"],
        "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
        "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
        "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
        "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
        "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
        "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
        # So that the life of tokens can change while it runs.
        "ALWAYS_RELOAD_OAUTHLIB_CORE": True,
    },
)
# Django looks its addresses up in a module by name: this one, whatever name it was started under.
sys.modules["django_authority"] = sys.modules[__name__]
django.setup()
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

from datetime import timedelta  # noqa: E402

from django.contrib.auth import get_user_model  # noqa: E402
from django.contrib.auth.views import LoginView  # noqa: E402
from django.core.asgi import get_asgi_application  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.urls import include, path  # noqa: E402
from django.utils import timezone  # noqa: E402
from oauth2_provider.models import get_access_token_model, get_application_model, get_refresh_token_model, set_token_value  # noqa: E402
from oauth2_provider.settings import oauth2_settings  # noqa: E402
from oauth2_provider.signals import app_authorized  # noqa: E402
from oauth2_provider.urls import metadata_urlpatterns  # noqa: E402

urlpatterns = [
    path("login", LoginView.as_view()),
    path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
    path("", include((metadata_urlpatterns, "oauth2_provider"), namespace="wellknown")),
]

call_command("migrate", verbosity=0)
get_user_model().objects.create_user("alice", password="any will do")


def introspection_token():
    token = get_access_token_model()(expires=timezone.now() + timedelta(days=1), scope="introspection")
    raw = secrets.token_urlsafe(32)
    set_token_value(token, raw)
    token.save()
    return raw


def given(sender, request, token, **_):
    count(counts["granted"], request.POST["grant_type"])


app_authorized.connect(given, weak=False)


def live(said):
    checksum = hashlib.sha256(said["token"].encode()).hexdigest()
    access = get_access_token_model().objects.filter(token_checksum=checksum).first()
    refresh = get_refresh_token_model().objects.filter(token_checksum=checksum, revoked__isnull=True)
    return {"live": refresh.exists() or bool(access and access.is_valid())}


def reset(_):
    counts.update(requests={}, refused=[], granted={})


answers = {
    "/counts": lambda _: counts,
    "/reset": reset,
    "/access-token-life": lambda said: setattr(oauth2_settings, "ACCESS_TOKEN_EXPIRE_SECONDS", said["seconds"]),
    "/forget-clients": lambda _: get_application_model().objects.all().delete() and None,
    "/live": live,
}
serve(
    Counting(get_asgi_application(), counts, prefix="/o"),
    listener,
    {"issuer": issuer, "introspection": f"{issuer}/introspect/", "secret": introspection_token(), "control": control(answers)},
    folder.cleanup,
)
