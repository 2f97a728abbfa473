"""What `activities` tells whoever listens; it never imports the listener."""

from django.dispatch import Signal

#: sent inside the storing transaction, with activity_id and athlete_id
recording_stored = Signal()

#: sent with batch= where somebody waits for an import and expects its results to be there afterwards
import_finished = Signal()

#: sent inside the transaction, before the activity `gone` goes up in the activity `kept`
activities_join = Signal()

#: sent inside the transaction, before activities are deleted: with activity_ids and athlete_id
activities_go = Signal()

#: sent inside the transaction, before recordings are deleted whose activities stay, with instead: the id of each that
#: goes, and that of another recording of the same activity
recordings_go = Signal()

#: asks, with activity_ids, what goes with those activities; every receiver answers with sentences
what_would_go = Signal()

#: sent inside the transaction in which an athlete connected Strava, or connected it again, with account_id
strava_connected = Signal()

#: sent with athlete= where somebody waits for a sync and expects its results to be there afterwards
sync_finished = Signal()
