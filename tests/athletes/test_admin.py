import pytest
from allauth.mfa.models import Authenticator
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client

from tests.conftest import Cast
from tests.factories import PASSWORD, make_activity


def test_an_operator_cannot_read_runs_through_a_deletion(as_olga: Client, cast: Cast) -> None:
    make_activity(athlete=cast.ada, name="Secret clinic run")
    answer = as_olga.get(f"/admin/athletes/user/{cast.ada.user_id}/delete/")
    assert answer.status_code == 403
    assert "Secret clinic run" not in answer.content.decode()


def test_the_admin_is_entered_by_the_one_door_that_limits_attempts(client: Client, cast: Cast) -> None:
    answer = client.post("/admin/login/", {"username": cast.olga.email, "password": PASSWORD})
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/")


@pytest.mark.django_db
def test_the_files_go_with_the_athlete(cast: Cast, django_capture_on_commit_callbacks) -> None:
    name = default_storage.save(f"originals/{cast.ada.pk}/ab/abc.gz", ContentFile(b"x"))
    with django_capture_on_commit_callbacks(execute=True):
        cast.ada.user.delete()
    assert not default_storage.exists(name)


def test_the_secret_of_a_second_step_is_shown_to_nobody(as_olga: Client, cast: Cast) -> None:
    step = Authenticator.objects.create(user=cast.ada.user, type=Authenticator.Type.TOTP, data={"secret": "HUSHHUSH"})
    page = as_olga.get(f"/admin/mfa/authenticator/{step.pk}/change/").content.decode()
    assert "ada@example.invalid" in page or "Ada Marsh" in page
    assert "HUSHHUSH" not in page
    assert as_olga.get(f"/admin/mfa/authenticator/{step.pk}/delete/").status_code == 200
