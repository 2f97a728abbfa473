"""What a person hands over: files from a watch."""

from collections.abc import Sequence
from typing import Any, Final

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

MOST_FILES: Final[int] = settings.DATA_UPLOAD_MAX_NUMBER_FILES


class FilesInput(forms.FileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Any number of files; names and contents are judged where they are read, one by one."""

    widget = FilesInput(attrs={"multiple": True, "accept": ".fit,.gpx,.tcx,.gz,.zip"})

    def clean(self, data: Sequence[UploadedFile] | None, initial: Any = None) -> list[UploadedFile]:
        files = [file for file in data or [] if file]
        if not files:
            raise forms.ValidationError(self.error_messages["required"], code="required")
        if len(files) > MOST_FILES:
            words = ngettext("Choose at most %d file.", "Choose at most %d files at once.", MOST_FILES) % MOST_FILES
            raise forms.ValidationError(words, code="too_many")
        return files


class ImportForm(forms.Form):
    uploads = FilesField(
        label=_("Files from your watch"),
        help_text=_(
            "FIT, GPX or TCX, each also as .gz, or an archive with all of them: the export of Strava or Garmin, as it "
            "came. You can choose many files at once, and in the file window a whole folder's."
        ),
        error_messages={"required": _("Choose one or more files first.")},
    )
