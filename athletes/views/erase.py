"""Deleting one's account."""

from allauth.account.decorators import reauthentication_required
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from athletes import erasing
from athletes.forms import EraseForm
from athletes.http import HtmxHttpRequest


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required
def erase_account(request: HtmxHttpRequest) -> HttpResponse:
    """What goes, and a field to type one's address into: no single press ends years of runs."""
    form = EraseForm(request.POST or None, user=request.user)
    if form.is_bound and form.is_valid():
        erasing.ask(request.user)
        logout(request)
        return redirect("athletes:privacy-deleted")
    page = {"form": form, "athlete": request.athlete}
    return render(request, "athletes/erase.html", page, status=422 if form.is_bound else 200)


@login_not_required
@never_cache
@require_safe
def erased(request: HtmxHttpRequest) -> HttpResponse:
    return render(request, "athletes/erased.html")
