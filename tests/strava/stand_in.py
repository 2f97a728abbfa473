"""A stand-in for Strava: a server process of its own, over real HTTP, with the limits, tokens and oddities Strava documents.

Standard library only. Tests reach it through `Strava` (below), which starts the process and steers it by POSTing to
`/_do`; the program under test sees `/api/v3` and `/oauth` only. Every request is kept with its time, so that a test can say
how many there were, how far apart, and that none was over a limit.

    strava = Strava.start()
    strava.athlete(7, firstname="Ada")
    strava.activities(7, 450)
    strava.fault("status", path="/athlete/activities", status=502, times=2)
"""

import base64
import gzip
import json
import re
import secrets
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

CLIENT_ID, CLIENT_SECRET = "4711", "secret-of-the-application"
QUARTER, DAY = 900, 86_400
TOKEN_LASTS = 6 * 3600
BEST_EFFORTS = (
    ("400m", 400), ("1/2 mile", 805), ("1K", 1000), ("1 mile", 1609), ("2 mile", 3219), ("5K", 5000), ("10K", 10_000),
    ("15K", 15_000), ("10 mile", 16_090), ("20K", 20_000), ("Half-Marathon", 21_097), ("30K", 30_000),
    ("Marathon", 42_195), ("50K", 50_000),
)  # fmt: skip
HTML = b"<html><body><h1>Bad gateway</h1></body></html>"


class Answer(Exception):
    """What ends the handling of a request."""

    def __init__(
        self, status: int, body: Any = None, *, headers: dict[str, str] | None = None, raw: bytes | None = None
    ):
        super().__init__(status)
        self.status, self.headers = status, headers or {}
        self.raw = raw if raw is not None else (b"" if body is None else json.dumps(body).encode())
        self.kind = "text/html" if self.raw.startswith(b"<") else "application/json; charset=utf-8"


def wrong(status: int, message: str, resource: str, field: str, code: str) -> Answer:
    return Answer(status, {"message": message, "errors": [{"resource": resource, "field": field, "code": code}]})


def not_found() -> Answer:
    return wrong(404, "Record Not Found", "Activity", "id", "not found")


class World:
    """All that this Strava knows. Methods without an underscore can be called by a test."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self.reset()

    # -- what a test arranges ---------------------------------------------------------------------------------------

    def reset(self) -> None:
        self._clients = {CLIENT_ID: CLIENT_SECRET}
        self._athletes: dict[int, dict[str, Any]] = {}
        self._activities: dict[int, dict[str, Any]] = {}
        self._streams: dict[int, Any] = {}
        self._gear: dict[str, dict[str, Any]] = {}
        self._codes: dict[str, dict[str, Any]] = {}
        self._access: dict[str, dict[str, Any]] = {}
        self._refresh: dict[str, dict[str, Any]] = {}
        self._faults: list[dict[str, Any]] = []
        self._log: list[dict[str, Any]] = []
        self._subscriptions: dict[int, dict[str, Any]] = {}
        self._consent: dict[str, Any] = {"athlete": 7, "scopes": None, "deny": False}
        self._limits = {"read": [100, 1000], "all": [200, 2000]}
        self._used = {"read": [0, 0], "all": [0, 0]}
        self._windows = self._now_windows()
        self._header_style = "usual"
        self._inactive = False
        self._rotates = True
        self._one_pair = False
        self._has_revoke = True
        self._unlisted: set[int] = set()
        self._next_id = 12_000_000_000

    def limits(
        self, read: list[int] | None = None, everything: list[int] | None = None, used: list[int] | None = None
    ) -> None:
        self._limits["read"] = read or self._limits["read"]
        self._limits["all"] = everything or self._limits["all"]
        if used:
            self._turn()
            self._used = {"read": list(used), "all": list(used)}

    def headers(self, style: str) -> None:
        """usual, lower (case), none, only_overall."""
        self._header_style = style

    def client(self, client_id: str, client_secret: str) -> None:
        self._clients[client_id] = client_secret

    def application(
        self, inactive: bool = False, rotates: bool = True, has_revoke: bool = True, one_pair: bool = False
    ) -> None:
        """one_pair: connecting once more ends the tokens given before."""
        self._inactive, self._rotates, self._has_revoke, self._one_pair = inactive, rotates, has_revoke, one_pair

    def athlete(self, athlete_id: int, **facts: Any) -> None:
        usual = {
            "id": athlete_id,
            "resource_state": 2,
            "firstname": "Ada",
            "lastname": "Marsh",
            "sex": "F",
            "weight": 58.0,
        }
        self._athletes[athlete_id] = usual | {"shoes": [], "bikes": [], "clubs": [], "surprise": {"new": True}} | facts

    def consent(self, athlete: int, scopes: list[str] | None = None, deny: bool = False) -> None:
        """Who says yes at the next authorize, and to which of the scopes asked for (all where None)."""
        self._consent = {"athlete": athlete, "scopes": scopes, "deny": deny}

    def connect(
        self, athlete: int, scopes: list[str], lasts_s: float = TOKEN_LASTS, client_id: str = CLIENT_ID
    ) -> dict[str, Any]:
        """Tokens without going through a browser."""
        return self._issue(athlete, scopes, client_id, lasts_s=lasts_s)

    def unlist(self, ids: list[int]) -> None:
        """A fault of lists: these and no others are there by their id only."""
        self._unlisted = set(ids)

    def expire(self, athlete: int) -> None:
        for token in self._access.values():
            if token["athlete"] == athlete:
                token["expires_at"] = 0

    def revoke(self, athlete: int, client: str = "") -> None:
        """The grant to an application (to all without a name) ends, and every token of it: as on Strava's own site."""
        for tokens in (self._access, self._refresh):
            for key in [
                key for key, one in tokens.items() if one["athlete"] == athlete and client in ("", one["client"])
            ]:
                del tokens[key]

    def activity(self, athlete: int, **fields: Any) -> int:
        """One activity, ordinary but for the fields given; given as raw JSON, so any of them may be odd."""
        made = self._ordinary(athlete) | fields
        self._activities[made["id"]] = made
        return made["id"]

    def activities(
        self, athlete: int, count: int, every_days: float = 1.0, until: str = "", **fields: Any
    ) -> list[int]:
        """An ordinary history, newest first; fields: what else all of them have."""
        last = datetime.fromisoformat(until) if until else datetime.now(UTC) - timedelta(hours=2)
        ids = []
        for number in range(count):
            start = (last - timedelta(days=every_days * number)).replace(microsecond=0)
            ids.append(self.activity(athlete, **self._at(start), distance=5000.0 + number % 200 * 50, **fields))
        return ids

    def change(self, activity_id: int, **fields: Any) -> None:
        self._activities[activity_id] |= fields

    def remove(self, activity_id: int) -> None:
        del self._activities[activity_id]

    def streams(self, activity_id: int, data: Any) -> None:
        """The streams as JSON; None for an activity that has none (404)."""
        self._streams[activity_id] = data

    def gear(self, gear_id: str, **facts: Any) -> None:
        self._gear[gear_id] = {"id": gear_id, "name": "Shoes", "distance": 321_000.0, "primary": True} | facts

    def fault(self, kind: str, path: str = "", times: int = 1, after: int = 0, **facts: Any) -> None:
        """The next `times` requests whose path matches go wrong, after `after` that do not. Kinds: see Handler._misbehave."""
        self._faults.append({"kind": kind, "path": path, "times": times, "after": after, **facts})

    def forget_faults(self) -> None:
        self._faults.clear()

    def requests(self) -> list[dict[str, Any]]:
        return list(self._log)

    def use(self) -> dict[str, Any]:
        self._turn()
        return {"used": self._used, "limits": self._limits}

    def tokens(self) -> dict[str, Any]:
        return {"access": list(self._access), "refresh": list(self._refresh)}

    def grants(self) -> list[list[Any]]:
        """Which athlete lets which application in."""
        held = [*self._access.values(), *self._refresh.values()]
        return [list(one) for one in sorted({(one["athlete"], one["client"]) for one in held})]

    def subscribed(self) -> list[dict[str, Any]]:
        return list(self._subscriptions.values())

    # -- limits -------------------------------------------------------------------------------------------------------

    @staticmethod
    def _now_windows() -> tuple[int, int]:
        now = time.time()
        return int(now // QUARTER), int(now // DAY)

    def _turn(self) -> None:
        quarter, day = self._now_windows()
        for used in self._used.values():
            if quarter != self._windows[0]:
                used[0] = 0
            if day != self._windows[1]:
                used[1] = 0
        self._windows = quarter, day

    def _count(self) -> bool:
        """Count a call, refused ones too; True where it is over."""
        self._turn()
        over = False
        for kind, used in self._used.items():
            used[0] += 1
            used[1] += 1
            over |= used[0] > self._limits[kind][0] or used[1] > self._limits[kind][1]
        return over

    def _limit_headers(self) -> dict[str, str]:
        if self._header_style == "none":
            return {}
        told = {
            "X-RateLimit-Limit": "{},{}".format(*self._limits["all"]),
            "X-RateLimit-Usage": "{},{}".format(*self._used["all"]),
        }
        if self._header_style != "only_overall":
            told["X-ReadRateLimit-Limit"] = "{},{}".format(*self._limits["read"])
            told["X-ReadRateLimit-Usage"] = "{},{}".format(*self._used["read"])
        return {name.lower(): value for name, value in told.items()} if self._header_style == "lower" else told

    # -- OAuth --------------------------------------------------------------------------------------------------------

    def _issue(
        self, athlete: int, scopes: list[str], client_id: str, *, lasts_s: float = TOKEN_LASTS, access: str = ""
    ) -> dict[str, Any]:
        expires_at = int(time.time() + lasts_s)
        facts = {"athlete": athlete, "scopes": scopes, "client": client_id}
        access = access or secrets.token_hex(20)
        refresh = secrets.token_hex(20)
        if access in self._access:
            expires_at = self._access[access]["expires_at"]
        self._access[access] = facts | {"expires_at": expires_at}
        self._refresh[refresh] = facts | {"access": access}
        return {
            "token_type": "Bearer",
            "expires_at": expires_at,
            "expires_in": int(expires_at - time.time()),
            "refresh_token": refresh,
            "access_token": access,
        }

    def _authorize(self, query: dict[str, str]) -> Answer:
        back = query["redirect_uri"]
        if self._consent["deny"]:
            return Answer(
                302, headers={"Location": f"{back}?{urlencode({'state': query['state'], 'error': 'access_denied'})}"}
            )
        asked = query["scope"].split(",")
        granted = asked if self._consent["scopes"] is None else [one for one in asked if one in self._consent["scopes"]]
        code = secrets.token_hex(12)
        self._codes[code] = {"athlete": self._consent["athlete"], "scopes": granted, "client": query["client_id"]}
        there = urlencode({"state": query["state"], "code": code, "scope": ",".join(granted)})
        return Answer(302, headers={"Location": f"{back}?{there}"})

    def _token(self, form: dict[str, str]) -> Answer:
        client = form.get("client_id", "")
        if client not in self._clients:
            raise wrong(400, "Bad Request", "Application", "client_id", "invalid")
        if form.get("client_secret") != self._clients[client]:
            raise wrong(401, "Authorization Error", "Application", "", "invalid")
        if form.get("grant_type") == "authorization_code":
            found = self._codes.pop(form.get("code", ""), None)
            if found is None or found["client"] != client:
                raise wrong(400, "Bad Request", "AuthorizationCode", "code", "invalid")
            athlete = self._athletes[found["athlete"]]
            if self._one_pair:
                self.revoke(found["athlete"], client)
            return Answer(200, self._issue(found["athlete"], found["scopes"], client) | {"athlete": athlete})
        spent = form.get("refresh_token", "")
        found = self._refresh.get(spent)
        if found is None or found["client"] != client:
            raise wrong(400, "Bad Request", "RefreshToken", "refresh_token", "invalid")
        if self._rotates:
            del self._refresh[spent]
        old = self._access.get(found["access"], {"expires_at": 0})
        same = found["access"] if old["expires_at"] - time.time() > 3600 else ""
        return Answer(200, self._issue(found["athlete"], found["scopes"], client, access=same))

    def _revoke(self, form: dict[str, str], authorization: str) -> Answer:
        if not self._has_revoke:
            raise Answer(404, raw=HTML)
        told = base64.b64decode(authorization.removeprefix("Basic ") or b"").decode()
        client, _, secret = told.partition(":")
        if self._clients.get(client) != secret:
            raise wrong(401, "Authorization Error", "Application", "", "invalid")
        facts = self._access.get(form.get("token", "")) or self._refresh.get(form.get("token", ""))
        if facts:
            self.revoke(facts["athlete"], facts["client"])
        return Answer(200, raw=b"")

    def _deauthorize(self, authorization: str) -> Answer:
        token = authorization.removeprefix("Bearer ")
        who = self._who(authorization)
        self.revoke(who["athlete"], who["client"])
        return Answer(200, {"access_token": token})

    def _who(self, authorization: str) -> dict[str, Any]:
        found = self._access.get(authorization.removeprefix("Bearer "))
        if found is None or found["expires_at"] < time.time():
            raise wrong(401, "Authorization Error", "Athlete", "access_token", "invalid")
        return found

    # -- the API ------------------------------------------------------------------------------------------------------

    def _api(self, method: str, path: str, query: dict[str, str], form: dict[str, str], authorization: str) -> Answer:
        if path.startswith("/push_subscriptions"):
            return self._push(method, path, query | form)
        who = self._who(authorization)
        if self._inactive:
            raise wrong(403, "Forbidden", "Application", "Status", "Inactive")
        if path == "/athlete":
            told = self._athletes[who["athlete"]]
            full = "profile:read_all" in who["scopes"]
            return Answer(200, told if full else {key: told[key] for key in ("id", "firstname", "lastname")})
        if path == "/athlete/zones":
            self._require(who, "profile:read_all")
            return Answer(
                200, {"heart_rate": {"custom_zones": True, "zones": [{"min": 0, "max": 120}, {"min": 120, "max": -1}]}}
            )
        if path == "/athlete/activities":
            return self._list(who, query)
        if match := re.fullmatch(r"/activities/(\d+)(/streams)?", path):
            return self._one(who, int(match[1]), query, streams=bool(match[2]))
        if (match := re.fullmatch(r"/gear/(\w+)", path)) and match[1] in self._gear:
            return Answer(200, self._gear[match[1]])
        raise not_found()

    @staticmethod
    def _require(who: dict[str, Any], scope: str) -> None:
        if scope not in who["scopes"]:
            raise wrong(401, "Authorization Error", "AccessToken", f"{scope}_permission", "missing")

    def _may_see(self, who: dict[str, Any]) -> list[dict[str, Any]]:
        if "activity:read_all" not in who["scopes"]:
            self._require(who, "activity:read")
        own = [one for one in self._activities.values() if one["athlete"]["id"] == who["athlete"]]
        return own if "activity:read_all" in who["scopes"] else [one for one in own if not one.get("private")]

    def _list(self, who: dict[str, Any], query: dict[str, str]) -> Answer:
        page, size = int(query.get("page", 1)), int(query.get("per_page", 30))
        if size > 200 or page < 1:
            raise wrong(400, "Bad Request", "Application", "per_page", "invalid")
        after, before = query.get("after"), query.get("before")
        if after and int(after) > time.time() + DAY:
            raise wrong(400, "Bad Request", "Application", "after", "future")

        def epoch(one: dict[str, Any]) -> float:
            try:
                return datetime.fromisoformat(one["start_date"]).timestamp()
            except (KeyError, TypeError, ValueError):
                return time.time()

        found = [
            one
            for one in self._may_see(who)
            if one["id"] not in self._unlisted
            if (not after or epoch(one) > int(after)) and (not before or epoch(one) < int(before))
        ]
        found.sort(key=lambda one: (epoch(one), str(one["id"])), reverse=not after)
        return Answer(200, [self._as_listed(one) for one in found[(page - 1) * size : page * size]])

    @staticmethod
    def _as_listed(one: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in one.items() if key not in {"laps", "description", "key"}} | one.get(
            "instead", {}
        )

    def _one(self, who: dict[str, Any], activity_id: int, query: dict[str, str], *, streams: bool) -> Answer:
        found = next((one for one in self._may_see(who) if one["id"] == activity_id), None)
        if found is None:
            raise not_found()
        if not streams:
            detail = {"description": "", "calories": 640.0, "laps": [], "resource_state": 3}
            return Answer(200, detail | {"best_efforts": self._best_efforts(found)} | found)
        if not query.get("keys"):
            raise wrong(400, "Bad Request", "Stream", "keys", "missing")
        data = self._streams.get(activity_id, ...)
        if data is None:
            raise not_found()
        data = self._ordinary_streams(found) if data is ... else data
        keys = query["keys"].split(",")
        if isinstance(data, dict):
            data = {name: one for name, one in data.items() if name in keys or name == "distance"}
            if query.get("key_by_type") != "true":
                data = [{"type": name, **one} for name, one in data.items()]
        return Answer(200, data)

    def _best_efforts(self, activity: dict[str, Any]) -> list[dict[str, Any]]:
        """As Strava tells them: whole seconds, from one sample to another, over whole metres."""
        data = self._streams.get(activity["id"])
        if not isinstance(data, dict) or activity["sport_type"] != "Run":
            return []
        times, metres = data["time"]["data"], data["distance"]["data"]
        found = []
        for name, length in BEST_EFFORTS:
            best, first = None, 0
            for last in range(len(times)):
                while metres[last] - metres[first + 1 if first < last else first] >= length:
                    first += 1
                if metres[last] - metres[first] >= length and (best is None or times[last] - times[first] < best[0]):
                    best = times[last] - times[first], first, last
            if best is not None:
                one = {"name": name, "distance": length, "elapsed_time": best[0], "moving_time": best[0]}
                found.append(one | {"start_index": best[1], "end_index": best[2], "resource_state": 2})
        return found

    @staticmethod
    def _at(start: datetime, offset_s: int = 3600) -> dict[str, Any]:
        def told(moment: datetime) -> str:
            return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

        start = start.astimezone(UTC)
        return {
            "start_date": told(start),
            "start_date_local": told(start + timedelta(seconds=offset_s)),
            "utc_offset": float(offset_s),
            "timezone": "(GMT+01:00) Europe/Rome",
        }

    def _ordinary(self, athlete: int) -> dict[str, Any]:
        self._next_id += 1000
        start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)
        return {
            "id": self._next_id,
            "resource_state": 2,
            "athlete": {"id": athlete, "resource_state": 1},
            "name": "Morning Run",
            "distance": 10_030.5,
            "moving_time": 2700,
            "elapsed_time": 2752,
            "total_elevation_gain": 34.0,
            "sport_type": "Run",
            "type": "Run",
            "workout_type": None,
            **self._at(start),
            "start_latlng": [52.4, 0.26],
            "end_latlng": [52.4, 0.26],
            "map": {"id": f"a{self._next_id}", "summary_polyline": "_p~iF~ps|U_ulLnnqC", "resource_state": 2},
            "trainer": False,
            "manual": False,
            "private": False,
            "visibility": "everyone",
            "flagged": False,
            "average_speed": 3.64,
            "average_cadence": 86.0,
            "has_heartrate": True,
            "average_heartrate": 151.2,
            "max_heartrate": 173.0,
            "gear_id": None,
            "device_name": "Garmin Forerunner 265",
            "upload_id": self._next_id + 7,
            "external_id": f"garmin_ping_{self._next_id}",
            "a_field_of_tomorrow": {"deep": [1, 2]},
        }

    @staticmethod
    def _ordinary_streams(activity: dict[str, Any]) -> dict[str, Any]:
        elapsed, distance = int(activity.get("elapsed_time") or 600), float(activity.get("distance") or 0)
        times = list(range(0, elapsed + 1, 4))
        made: dict[str, list[Any]] = {
            "time": times,
            "distance": [round(distance * t / elapsed, 1) for t in times],
            "heartrate": [140 + t % 20 for t in times],
            "cadence": [86] * len(times),
            "altitude": [14.0 + (t % 300) / 60 for t in times],
            "latlng": [[52.4 + t / 1e6, 0.26] for t in times],
            "velocity_smooth": [3.6] * len(times),
        }
        return {
            name: {"data": data, "series_type": "distance", "original_size": len(times), "resolution": "high"}
            for name, data in made.items()
        }

    def _push(self, method: str, path: str, given: dict[str, str]) -> Answer:
        client = given.get("client_id", "")
        if self._clients.get(client) != given.get("client_secret"):
            raise wrong(401, "Authorization Error", "Application", "", "invalid")
        mine = {key: one for key, one in self._subscriptions.items() if one["application"] == client}
        if method == "GET":
            return Answer(200, [{key: one[key] for key in ("id", "callback_url")} for one in mine.values()])
        if method == "DELETE":
            if self._subscriptions.pop(int(path.rpartition("/")[2]), None) is None:
                raise not_found()
            return Answer(204)
        if mine:
            raise wrong(400, "Bad Request", "PushSubscription", "", "already exists")
        challenge = secrets.token_hex(8)
        query = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": given.get("verify_token", "")}
        try:
            with urllib.request.urlopen(f"{given['callback_url']}?{urlencode(query)}", timeout=2) as reply:
                verified = json.load(reply) == {"hub.challenge": challenge}
        except (OSError, ValueError, KeyError):
            verified = False
        if not verified:
            raise wrong(400, "Bad Request", "PushSubscription", "callback url", "not verifiable")
        number = len(self._subscriptions) + 1
        self._subscriptions[number] = {"id": number, "callback_url": given["callback_url"], "application": client}
        return Answer(201, {"id": number})


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    world: World

    def do_GET(self) -> None:
        self._handle("GET")

    def do_POST(self) -> None:
        self._handle("POST")

    def do_DELETE(self) -> None:
        self._handle("DELETE")

    def log_message(self, *args: Any) -> None:
        pass

    def _handle(self, method: str) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if parts.path == "/_do":
            return self._steer(json.loads(body))
        query, form = _flat(parts.query), _flat(body.decode("utf-8", "replace"))
        world, path = self.world, parts.path
        with world._lock:
            entry = {"at": time.time(), "method": method, "path": path, "query": {**query}, "status": 0, "over": False}
            entry["authorization"] = self.headers.get("Authorization", "").partition(" ")[0]
            world._log.append(entry)
            counted = path.startswith("/api/v3/")
            entry["over"] = over = counted and world._count()
            fault = self._fault(path) if not over else None
            headers = world._limit_headers() if counted else {}
            if fault is None or fault["kind"] == "lost":
                answer = self._answer(method, path, query, form, over=over)
                headers = world._limit_headers() if counted else {}
        if fault is not None:
            entry["fault"] = fault["kind"]
            return self._misbehave(fault, headers, entry)
        entry["status"] = answer.status
        self._say(answer, headers)

    def _fault(self, path: str) -> dict[str, Any] | None:
        for fault in self.world._faults:
            if re.search(fault["path"], path):
                if fault["after"] > 0:
                    fault["after"] -= 1
                    continue
                fault["times"] -= 1
                if fault["times"] <= 0:
                    self.world._faults.remove(fault)
                return fault
        return None

    def _answer(self, method: str, path: str, query: dict[str, str], form: dict[str, str], *, over: bool) -> Answer:
        world, authorization = self.world, self.headers.get("Authorization", "")
        try:
            if over:
                raise wrong(429, "Rate Limit Exceeded", "Application", "overall rate limit", "exceeded")
            if path.startswith("/api/v3/"):
                return world._api(method, path.removeprefix("/api/v3"), query, form, authorization)
            if path == "/oauth/authorize":
                return world._authorize(query)
            if path == "/oauth/token" and method == "POST":
                return world._token(form)
            if path == "/oauth/revoke" and method == "POST":
                return world._revoke(form, authorization)
            if path == "/oauth/deauthorize" and method == "POST":
                return world._deauthorize(authorization)
            raise Answer(404, raw=HTML)
        except Answer as answer:
            return answer

    def _steer(self, order: dict[str, Any]) -> None:
        with self.world._lock:
            given = getattr(self.world, order["do"])(*order["args"], **order["with"])
        self._say(Answer(200, given), {})

    def _say(self, answer: Answer, headers: dict[str, str]) -> None:
        raw, headers = answer.raw, headers | answer.headers
        if len(raw) > 500 and "gzip" in self.headers.get("Accept-Encoding", ""):
            raw, headers = gzip.compress(raw, 1), headers | {"Content-Encoding": "gzip"}
        self._begin(headers, length=len(raw), status=answer.status, kind=answer.kind)
        self.wfile.write(raw)

    def _misbehave(self, fault: dict[str, Any], headers: dict[str, str], entry: dict[str, Any]) -> None:
        kind = fault["kind"]
        ordinary = b'[{"id": 1, "name": "' + b"x" * 4000
        if kind == "status":  # HTML, or `body` as JSON
            entry["status"] = fault["status"]
            body = {"raw": HTML} if "body" not in fault else {"body": fault["body"]}
            return self._say(Answer(fault["status"], **body), headers if fault.get("headers", True) else {})
        if kind == "redirect":
            return self._say(Answer(fault.get("status", 302), headers={"Location": fault["to"]}), headers)
        if kind == "html_200":
            return self._say(Answer(200, raw=HTML), headers)
        if kind == "body":  # any JSON in place of the answer
            return self._say(Answer(200, fault["body"]), headers)
        if kind == "cut_json":  # whole by its length, cut in the middle of a string
            return self._say(Answer(200, raw=ordinary), headers)
        self.close_connection = True
        if kind == "stall":
            time.sleep(fault["seconds"])
            return None
        if kind in {"reset", "lost"}:  # reset: in the middle of a body; lost: done what was asked, and no answer
            if kind == "reset":
                self._begin(headers, length=len(ordinary) * 2)
                self.wfile.write(ordinary)
                self.wfile.flush()
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return self.connection.close()
        if kind == "cut_gzip":  # compressed, whole by its length, and the end is missing
            whole = gzip.compress(b"[" + b" " * 20_000 + b"]")
            self._begin(headers | {"Content-Encoding": "gzip"}, length=len(whole) - 12)
            self.wfile.write(whole[:-12])
            return None
        if kind == "cut":  # the connection ends before the length is reached
            self._begin(headers, length=len(ordinary) * 2)
            self.wfile.write(ordinary)
            return None
        if kind in {"drip", "endless"}:
            self._begin(headers, length=10**12)
            piece = b" " if kind == "drip" else b" " * 2**20
            for _ in range(int(fault.get("pieces", 10_000))):
                try:
                    self.wfile.write(piece)
                    self.wfile.flush()
                except OSError:
                    return None
                time.sleep(fault.get("every", 0))
            return None
        raise ValueError(kind)

    def _begin(
        self, headers: dict[str, str], *, length: int, status: int = 200, kind: str = "application/json"
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length))
        self.end_headers()


def _flat(text: str) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(text, keep_blank_values=True).items()}


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Callers that hang up are what some tests are about."""


class Strava:
    """The test's side: starts the process, and calls World's methods by their names."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self._process, self.port = process, port
        self.url = f"http://127.0.0.1:{port}"
        self.api_url, self.oauth_url = f"{self.url}/api/v3", f"{self.url}/oauth"

    @classmethod
    def start(cls) -> "Strava":
        process = subprocess.Popen(
            [sys.executable, str(Path(__file__).resolve())], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        return cls(process, int(process.stdout.readline()))

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or not hasattr(World, name):
            raise AttributeError(name)

        def do(*args: Any, **facts: Any) -> Any:
            order = json.dumps({"do": name, "args": args, "with": facts}).encode()
            request = urllib.request.Request(f"{self.url}/_do", order, method="POST")
            with urllib.request.urlopen(request, timeout=30) as reply:
                return json.loads(reply.read() or b"null")

        return do

    def calls(self, path: str = "/api/v3/") -> list[dict[str, Any]]:
        """The requests so far whose path holds this."""
        return [one for one in self.requests() if path in one["path"]]

    def visit(self, url: str) -> str:
        """Follow the address of the authorize page as a browser would; gives where the person is sent back to."""

        class Stay(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *args: Any, **kwargs: Any) -> None:
                return None

        try:
            urllib.request.build_opener(Stay).open(url, timeout=10)
        except urllib.error.HTTPError as answer:
            headers: Message = answer.headers
            return str(headers["Location"])
        raise AssertionError("no redirect")


def main() -> None:
    Handler.world = World()
    server = Server(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), server.shutdown()), daemon=True).start()
    server.serve_forever()


if __name__ == "__main__":
    main()
