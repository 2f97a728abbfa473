"""allauth's door, as this installation opens it."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import SignupForm
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django import forms
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from athletes import invitations
from athletes.models import User


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Open to all, to nobody, or to who followed an invitation's link."""
        if settings.SIGN_UP == "invite":
            invitation = invitations.in_hand(request)
            return invitation is not None and invitation.lets_in
        return bool(settings.SIGN_UP == "open")

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """The first steps until they are done or passed over; a page that was asked for comes before them."""
        user = request.user
        if isinstance(user, User) and user.welcomed_at is None:
            return reverse("athletes:welcome")
        return str(super().get_login_redirect_url(request))

    get_signup_redirect_url = get_login_redirect_url

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("athletes:settings")


class SignUpForm(SignupForm):
    """By invitation, the address is the invitation's: the link proves it, and nobody comes in on another's."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("E-mail address")
        self.fields["password2"].label = _("Password, once more")
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)

    def clean_email(self) -> str:
        if settings.SIGN_UP == "invite":
            # HttpRequest is allauth's context: the form is not handed one
            from allauth.core import context

            invitation = invitations.in_hand(context.request)
            if invitation is None or self.cleaned_data["email"].lower() != invitation.email.lower():
                raise forms.ValidationError(
                    _("Use the address that the invitation was sent to."), code="another_address"
                )
        return str(super().clean_email())


class TwoStepAdapter(DefaultMFAAdapter):
    """Secrets of authenticator apps lie in the database sealed with FIELD_KEYS, newest first."""

    def get_totp_issuer(self) -> str:
        return "Agegrade"

    def encrypt(self, text: str) -> str:
        return _keys().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _keys().decrypt(encrypted_text.encode()).decode()


def reseal() -> tuple[int, int]:
    """Put all of these secrets under the newest of FIELD_KEYS; gives how many, and how many no key opens."""
    done = lost = 0
    for pk in list(Authenticator.objects.values_list("pk", flat=True)):
        with transaction.atomic():
            one = Authenticator.objects.select_for_update().filter(pk=pk).first()
            if one is None:
                continue
            try:
                one.data |= {name: _newest(one.data[name]) for name in ("secret", "seed") if name in one.data}
            except InvalidToken:
                lost += 1
                continue
            one.save(update_fields=["data"])
            done += 1
    return done, lost


def _newest(sealed: str) -> str:
    return _keys().rotate(sealed.encode()).decode()


def _keys() -> MultiFernet:
    if not settings.FIELD_KEYS:
        raise ImproperlyConfigured("FIELD_KEYS is empty, so the secrets of two-step sign-in cannot be kept")
    return MultiFernet([Fernet(key) for key in settings.FIELD_KEYS])
