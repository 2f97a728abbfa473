"""What `activities` tells whoever listens; it never imports the listener."""

from django.dispatch import Signal

#: sent inside the storing transaction, with activity_id and athlete_id
recording_stored = Signal()

#: sent with batch= where somebody waits for an import and expects its results to be there afterwards
import_finished = Signal()
