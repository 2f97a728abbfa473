"""The web process. Saying so here gives it, and only it, a pool of database connections."""

import os

os.environ["AGEGRADE_PROCESS"] = "web"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()

from config.db.pool import refuse_a_pool_the_server_cannot_hold

refuse_a_pool_the_server_cannot_hold()

from athletes.first_operator import tell

tell()
