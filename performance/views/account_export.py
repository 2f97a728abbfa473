"""Taking everything away: an export is asked for, made in the background, and fetched until it expires."""

from django.core.exceptions import PermissionDenied
from django.core.files.storage import default_storage
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from athletes.http import HtmxHttpRequest, wants_part
from performance import account_exports
from performance.exports import Sent
from performance.models import AccountExport


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@vary_on_headers("HX-Request")
def export(request: HtmxHttpRequest) -> HttpResponse:
    """The exports there are; POST asks for one. `#export-state` polls while one is being made."""
    athlete = request.athlete
    if not athlete:
        raise PermissionDenied
    if request.method == "POST":
        account_exports.ask(athlete)
        return redirect("performance:export")
    exports = list(AccountExport.objects.visible_to(request.user).filter(expires_at__gt=timezone.now()))
    making = next((one for one in exports if one.state == AccountExport.State.WAITING), None)
    page = {
        "exports": exports,
        "making": making,
        "percent": making.done * 100 // making.total if making and making.total else 0,
    }
    template = "performance/export.html"
    return render(request, template + "#export-state" if wants_part(request) else template, page)


@require_safe
@never_cache
def export_file(request: HtmxHttpRequest, export_id: int) -> HttpResponseBase:
    """The zip, for its owner, until it expires."""
    made = AccountExport.objects.visible_to(request.user).filter(
        state=AccountExport.State.MADE, expires_at__gt=timezone.now()
    )
    found = get_object_or_404(made, pk=export_id)
    try:
        stored = default_storage.open(found.stored_as)
    except FileNotFoundError:
        raise Http404 from None
    name = found.stored_as.rpartition("/")[2]
    response = StreamingHttpResponse(Sent(stored), content_type="application/zip")
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or ""
    response["Content-Length"] = str(stored.size)
    return response


@require_POST
@never_cache
def export_drop(request: HtmxHttpRequest, export_id: int) -> HttpResponse:
    """Delete an export before it expires."""
    account_exports.drop(get_object_or_404(AccountExport.objects.visible_to(request.user), pk=export_id))
    return redirect("performance:export")
