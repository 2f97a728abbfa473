"""Looking at the demo, and having it gone."""

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from activities import demonstration
from activities.queue import ask_for
from activities.tasks import bring_in_the_demo
from athletes.http import HtmxHttpRequest


@never_cache
@require_POST
def demo_look(request: HtmxHttpRequest) -> HttpResponse:
    """Show the invented runner's race book, which fills while one watches if she was not here before."""
    try:
        ada = demonstration.look(request.user)
    except demonstration.StillGoing:
        messages.info(request, _("The last demo is still being removed. Try again in a minute."))
        return redirect(reverse("athletes:welcome") + "?step=runs")
    ask_for(bring_in_the_demo, ada.pk)
    request.user.end_first_steps()
    messages.info(
        request,
        _(
            "This is an invented runner. Her races appear while her runs are read, which takes some minutes. Under More one"
            " press removes her again; your own runs are not touched."
        ),
    )
    return redirect(f"{reverse('performance:race-list')}?athlete={ada.pk}")


@never_cache
@require_POST
def demo_remove(request: HtmxHttpRequest) -> HttpResponse:
    """All of the demo, for who may remove it; else only one's own look at it."""
    user = request.user
    if not demonstration.demo_for(user).may_remove:
        demonstration.look_away(user)
        messages.success(request, _("You see nothing of the demo any more."))
        return redirect("athletes:more")
    demonstration.ask_removal()
    if user.email.lower().endswith(demonstration.DOMAIN):
        logout(request)
        return redirect("athletes:home")
    messages.success(request, _("The demo is being removed: nobody sees it any more, and in a few minutes it is gone."))
    return redirect("athletes:more")
