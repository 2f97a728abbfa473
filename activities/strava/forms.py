"""What an athlete types who brings an API application of their own."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from pydantic import SecretStr

from activities.strava import oauth
from activities.strava.errors import AppMisconfigured, StravaError
from activities.strava.models import StravaApplication
from activities.strava.sealing import CannotOpen


class _Given:
    """Id and secret as typed, to be tried before they are kept."""

    def __init__(self, client_id: str, client_secret: SecretStr) -> None:
        self.client_id, self.client_secret = client_id, client_secret


class OwnApplicationForm(forms.Form):
    client_id = forms.CharField(
        label=_("Client ID"),
        max_length=20,
        help_text=_("The number on Strava's page “My API Application”."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    client_secret = forms.CharField(
        label=_("Client Secret"),
        max_length=100,
        help_text=_("It is kept encrypted and never shown again."),
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, own: StravaApplication | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._own_id = ""
        if own is not None:
            try:
                self._own_id = own.client_id
            except CannotOpen:
                self._own_id = ""
            self.fields["client_id"].initial = self._own_id

    @property
    def same_client(self) -> bool:
        return bool(self.cleaned_data["client_id"] == self._own_id)

    @property
    def secret(self) -> SecretStr:
        return SecretStr(self.cleaned_data["client_secret"])

    def clean_client_id(self) -> str:
        given = str(self.cleaned_data["client_id"]).strip()
        if not (given.isascii() and given.isdigit()):
            raise forms.ValidationError(_("A Client ID is a number, such as 12345."), code="no_number")
        return given

    def clean(self) -> dict[str, Any]:
        """Ask Strava whether it knows the two; where it does not answer they are kept all the same."""
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors:
            try:
                oauth.accepts(_Given(cleaned["client_id"], SecretStr(cleaned["client_secret"])))
            except AppMisconfigured:
                told = _("Strava does not accept this id with this secret. Copy both anew from its page.")
                raise forms.ValidationError(told, code="not_accepted") from None
            except StravaError:
                pass
        return cleaned
