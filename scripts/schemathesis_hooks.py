"""Who sends the requests of schemathesis: an administrator, who logs in again now and then, because some of the
operations under test end sessions or close accounts."""

import json
import os
import random
import re
import sqlite3
import time
import urllib.error
import urllib.request

import schemathesis

URL = os.environ["WEFT_TEST_URL"].rstrip("/")
DATABASE = os.environ["WEFT_TEST_DATABASE"]
DOCUMENT_TOKEN = os.environ["WEFT_TEST_DOCUMENT_TOKEN"]
PASSWORD = "correct horse battery staple"
KEY = re.compile(r"^[!-~]{1,255}$")
CONDITION = re.compile(r'^(\*|(W/)?"[^",]*"(, (W/)?"[^",]*")*)$')
DICE = random.Random(1)
KINDS = (
    "workspace team project document invitation user session api_key client grant link share attachment"
    " board column lane label field option task item comment view reminder event"
)
known = {f"{kind}_id": [] for kind in KINDS.split()}
accounts = 0


def post(path, body, token=None):
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    request = urllib.request.Request(URL + path, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


def register():
    """A new account whose address counts as verified: there is nobody to read the mail."""
    global accounts
    accounts += 1
    email = f"tester-{os.getpid()}-{accounts}@example.org"
    post("/v1/users/register", {"email": email, "password": PASSWORD, "first_name": "Ada", "last_name": "Tester"})
    with sqlite3.connect(DATABASE, timeout=30) as database:
        database.execute(
            "UPDATE users SET status = 'active', server_role = 'admin', email_verified_at_ms = ? WHERE email = ?",
            (int(time.time() * 1000), email),
        )
    return email


def seed(token):
    """Something of every kind, made anew at each login: what the tests delete is there again."""
    workspace = post("/v1/workspaces", {"name": "Seed"}, token)["id"]
    team = post("/v1/teams", {"workspace_id": workspace, "name": "Seed"}, token)["id"]
    project = post("/v1/projects", {"team_id": team, "name": "Seed"}, token)["id"]
    document = post(f"/v1/projects/{project}/documents", {"title": "Seed"}, token)["id"]
    ids = {"workspace_id": workspace, "team_id": team, "project_id": project, "document_id": document}
    ids |= seed_board(token, project)
    ids |= seed_talk(token, ids)
    for name, made in ids.items():
        known[name] = (known[name] + [made] * 5)[-20:]


def seed_board(token, project):
    """A board with something of everything on it."""
    board = post(f"/v1/projects/{project}/boards", {"title": "Seed"}, token)["id"]
    column = post(f"/v1/boards/{board}/columns", {"title": "Seed"}, token)["id"]
    lane = post(f"/v1/boards/{board}/lanes", {"title": "Seed"}, token)["id"]
    label = post(f"/v1/boards/{board}/labels", {"name": "Seed"}, token)["id"]
    field = {"name": "Seed", "type": "select", "options": [{"name": "Seed"}]}
    field = post(f"/v1/boards/{board}/fields", field, token)
    task = {"title": "Seed", "board_id": board, "checklist": [{"text": "Seed"}], "label_ids": [label]}
    task = post(f"/v1/projects/{project}/tasks", task, token)
    return {
        "board_id": board,
        "column_id": column,
        "lane_id": lane,
        "label_id": label,
        "field_id": field["id"],
        "option_id": field["options"][0]["id"],
        "task_id": task["id"],
        "item_id": task["checklist"][0]["id"],
    }


def seed_talk(token, ids):
    """What is said and kept about a document and a task."""
    document, project, task = ids["document_id"], ids["project_id"], ids["task_id"]
    post(f"/v1/tasks/{task}/comments", {"body": "Seed"}, token)
    return {
        "comment_id": post(f"/v1/documents/{document}/comments", {"body": "Seed"}, token)["id"],
        "view_id": post(f"/v1/projects/{project}/views", {"name": "Seed", "visibility": "project"}, token)["id"],
        "reminder_id": post(f"/v1/tasks/{task}/reminders", {"minutes_before": 5}, token)["id"],
    }


@schemathesis.auth(refresh_interval=20)
class Administrator:
    email = None

    def get(self, case, context):
        try:
            return self.log_in()
        except urllib.error.HTTPError:
            Administrator.email = None
            return self.log_in()

    def log_in(self):
        Administrator.email = Administrator.email or register()
        token = post("/v1/users/login", {"email": Administrator.email, "password": PASSWORD})["access_token"]
        seed(token)
        return token

    def set(self, case, data, context):
        if (case.method, case.path) == ("POST", "/v1/documents"):
            data = DOCUMENT_TOKEN  # documents without a project belong to the application that Weft stands behind
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}


def make_condition_good(case):
    """Schemathesis makes strings of the shortest and the longest length without looking at their pattern, and takes
    them for good ones. What is to be a good condition or key becomes one; bad ones stay bad."""
    for name in ("If-Match", "If-None-Match"):
        value = (case.headers or {}).get(name)
        if value is not None and not CONDITION.match(value):
            case.headers[name] = '"1"'
    key = (case.headers or {}).get("Idempotency-Key")
    if key is not None and not KEY.match(key):
        case.headers["Idempotency-Key"] = f"key-{DICE.random()}"


def use_known_ids(case):
    """Made-up ids lead nowhere. Most requests are to be about something that is there."""
    for place in (case.path_parameters, case.query, case.body):
        for name in known if isinstance(place, dict) else ():
            if place.get(name) is not None and known[name] and DICE.random() < 0.8:
                place[name] = DICE.choice(known[name])


def is_about_the_method(case):
    scenario = getattr(case.meta.phase.data, "scenario", None)
    return scenario is not None and scenario.value == "unspecified_http_method"


def keep_short(case):
    """A head that is too large is refused before anybody looks at the method (431): where the method is what is asked
    about, the rest is about something that is there."""
    for name in case.path_parameters or ():
        if known.get(name):
            case.path_parameters[name] = known[name][-1]
    for place in (case.path_parameters, case.query, case.headers):
        for name in [name for name, value in (place or {}).items() if len(str(value)) > 1_000]:
            place[name] = "0"


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.meta is not None and is_about_the_method(case):
        keep_short(case)
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    make_condition_good(case)
    if case.meta.phase.name.value != "stateful":
        use_known_ids(case)


@schemathesis.hook
def after_call(context, case, response):
    """Remembers what was made or listed: a `project_id` is what `/v1/projects` and `/v1/teams/{team_id}/projects` show."""
    name = case.path.rsplit("/", 1)[-1].removesuffix("s").replace("-", "_") + "_id"
    if case.path == "/v1/documents" and case.method == "POST":
        return  # not the administrator's
    if name not in known or not 200 <= response.status_code < 300 or case.method not in ("GET", "POST"):
        return
    try:
        answer = json.loads(response.content)
    except ValueError:
        return
    shown = answer.get("data", [answer]) if isinstance(answer, dict) else []
    ids = [one["id"] for one in shown if isinstance(one, dict) and isinstance(one.get("id"), str)]
    known[name] = (known[name] + [one for one in ids if one not in known[name]])[-20:]
