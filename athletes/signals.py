"""What `athletes` tells whoever listens; it never imports the listener."""

from django.dispatch import Signal

#: sent with athlete_id when something that results depend on (birth date, table) was changed
athlete_changed = Signal()
