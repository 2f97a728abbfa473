"""Where the link in the log leads while nobody operates this installation."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db import IntegrityError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from athletes import first_operator as first
from athletes.forms import OperatorForm
from athletes.http import HtmxHttpRequest


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def first_operator(request: HtmxHttpRequest, token: str) -> HttpResponse:
    """Become the operator: with a new account, or with the one the reader is signed in to."""
    if not first.is_good(token) or not first.is_wanted():
        raise Http404
    if request.user.is_authenticated:
        return _promote(request, token)
    form = OperatorForm(request.POST or None)
    if form.is_bound and form.is_valid():
        try:
            first.make(
                token,
                email=form.cleaned_data["email"],
                name=form.cleaned_data["name"],
                password=form.cleaned_data["password"],
            )
        except IntegrityError:  # somebody else pressed the button a moment earlier
            raise Http404 from None
        messages.success(request, _("You operate this installation now. Sign in to begin."))
        return redirect("account_login")
    return render(request, "athletes/first_operator.html", {"form": form}, status=422 if form.is_bound else 200)


def _promote(request: HtmxHttpRequest, token: str) -> HttpResponse:
    if request.method == "POST":
        try:
            first.promote(token, request.user)
        except IntegrityError:
            raise Http404 from None
        messages.success(request, _("You operate this installation now."))
        return redirect("athletes:more")
    return render(request, "athletes/first_operator.html", {"form": None})
