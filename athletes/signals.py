"""What `athletes` tells whoever listens; it never imports the listener."""

from django.dispatch import Signal

#: sent with athlete_id when something that results depend on (birth date, table) was changed
athlete_changed = Signal()

#: sent with user_id and athlete_id (or None) before an account's rows are deleted, outside any transaction, and again if
#: that had to be repeated: the moment to tell others, such as a service that holds a connection
person_leaving = Signal()

#: sent with athlete; answers a list of athletes.stored.Stored, for the privacy page
stored_about = Signal()
