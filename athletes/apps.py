from typing import Any

from django.apps import AppConfig


class AthletesConfig(AppConfig):
    name = "athletes"

    def ready(self) -> None:
        from allauth.account.signals import email_confirmed, user_logged_in

        email_confirmed.connect(_when_an_address_is_confirmed, dispatch_uid="what waited for the address")
        user_logged_in.connect(_when_somebody_comes_in, dispatch_uid="what waited for who comes in")


def _when_an_address_is_confirmed(email_address: Any, **kwargs: Any) -> None:
    from athletes.invitations import take_up

    take_up(email_address.user)


def _when_somebody_comes_in(user: Any, **kwargs: Any) -> None:
    from athletes.invitations import take_up

    take_up(user)
