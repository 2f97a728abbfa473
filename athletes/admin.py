from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as StockUserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from athletes import invitations
from athletes.models import Invitation, User


@admin.register(User)
class UserAdmin(StockUserAdmin):
    ordering = ("email",)
    list_display = ("email", "name", "is_active", "is_staff", "last_login")
    search_fields = ("email", "name")
    fieldsets = (
        (None, {"fields": ("email", "name", "password")}),
        (_("May"), {"fields": ("is_active", "is_staff", "is_superuser")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Not here: the confirmation would list a person's runs to an operator, who sees nobody's."""
        return False

    add_fieldsets = ((None, {"classes": ("wide",), "fields": ("email", "name", "password1", "password2")}),)


@admin.register(Invitation)
class InvitationAdmin(admin.ModelAdmin):
    """Who was let in by whom. Athletes' consents to their coaches are theirs, and not shown here. An invitation is sent
    from its page under More: here nobody sees its link."""

    list_display = ("email", "state", "invited_by", "created_at", "expires_at")
    list_select_related = ("invited_by",)
    search_fields = ("email", "invited_by__email")
    list_filter = ("created_at",)
    ordering = ("-created_at",)
    actions = ("revoke",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Invitation]:
        return super().get_queryset(request).filter(athlete__isnull=True)

    @admin.display(description=_("state"))
    def state(self, invitation: Invitation) -> Any:
        if invitation.accepted_at:
            return _("accepted")
        if invitation.revoked_at:
            return _("revoked")
        return _("open") if invitation.is_open else _("expired")

    @admin.action(description=_("Revoke"), permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> None:
        n = invitations.revoke(queryset)
        self.message_user(request, ngettext("%d invitation revoked.", "%d invitations revoked.", n) % n)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Invitation | None = None) -> bool:
        """What was revoked stays to be seen."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Invitation | None = None) -> list[str]:
        return [field.name for field in self.model._meta.fields]


class AuthenticatorAdmin(admin.ModelAdmin):
    """Somebody's second step, for an operator to take away when a telephone is lost. Its secret is shown to nobody."""

    list_display = ("user", "type", "created_at", "last_used_at")
    fields = readonly_fields = ("user", "type", "created_at", "last_used_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False
