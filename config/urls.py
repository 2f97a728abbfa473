from allauth.account.decorators import secure_admin_login
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.urls import include, path

from athletes.admin import AuthenticatorAdmin
from config import errors, health, installed, operations

# One door: the admin's own form knows no limit of attempts.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
# allauth's own shows the secret of a second step; ours comes after it, whatever the order of the apps.
admin.site.unregister(Authenticator)
admin.site.register(Authenticator, AuthenticatorAdmin)

urlpatterns = [
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("operations/", operations.operations, name="operations"),
    path("manifest.webmanifest", installed.manifest, name="manifest"),
    path("sw.js", installed.service_worker, name="service-worker"),
    path("offline/", installed.offline, name="offline"),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/two-step/", include("allauth.mfa.urls")),
    path("admin/", admin.site.urls),
    path("", include("performance.urls")),  # its first page is the dashboard; signed out it shows athletes' own
    path("", include("athletes.urls")),
    path("", include("activities.urls")),
]

handler400 = errors.bad_request
handler403 = errors.permission_denied
handler404 = errors.page_not_found
handler500 = errors.server_error
