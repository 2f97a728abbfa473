"""Strava: a person's runs, fetched with that person's word and within the limits Strava sets.

client.py speaks HTTP and gives back schemas; tokens.py keeps the keys to an account; limiter.py the shared budget of calls;
state.py what must be fresh across workers. Whatever Strava does, a caller sees one of the errors of errors.py.
"""
