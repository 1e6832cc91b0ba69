"""Who Schemathesis is when it calls: an owner who signed up, and a guest whose sessions may end.

Settings and the reason of every deviation are in schemathesis.toml.
"""

import os
import time

import requests
import schemathesis

GANTRY = os.environ["SCHEMATHESIS_GANTRY"]
INBOX = os.environ["SCHEMATHESIS_INBOX"]
PASSWORD = "quiet-harbour-lantern"
PATIENCE = 60

# These end the session they are called with, or all of the person's. They are called as the guest, who
# signs in for each call; everything else would be answered 401 from the first of them on.
ENDS_SESSIONS = {
    "log_out",
    "end_session",
    "end_all_sessions",
    "change_password",
    "close_account",
    "leave_workspace",
}


def post(path, body):
    reply = requests.post(GANTRY + path, json=body, timeout=PATIENCE)
    reply.raise_for_status()
    return reply.json()


def until(what, look):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = look()
        if found is not None:
            return found
        time.sleep(0.05)
    raise TimeoutError(f"{what} did not come in {PATIENCE} s")


def mail_to(address):
    messages = requests.get(
        f"{INBOX}/api/v1/messages", params={"to": address}, timeout=PATIENCE
    ).json()["messages"]
    if not messages:
        return None
    return requests.get(f"{INBOX}/api/v1/messages/{messages[0]['id']}", timeout=PATIENCE).json()


def sign_up(handle):
    address = f"{handle}@example.com"
    post(
        "/api/v1/auth/sign-ups",
        {
            "email": address,
            "password": PASSWORD,
            "name": handle.title(),
            "workspace_name": f"Hall of {handle}",
            "workspace_slug": f"{handle}-hall",
        },
    )
    mail = until("the mail", lambda: mail_to(address))
    link = next(link for link in mail["links"] if "token=" in link)
    post("/api/v1/auth/verifications", {"token": link.split("token=")[1].split("&")[0]})
    return address


def log_in(address):
    return post("/api/v1/auth/sessions", {"email": address, "password": PASSWORD})["access_token"]


def active(token, slug):
    """The workspace, once its database is there."""
    reply = requests.get(
        f"{GANTRY}/api/v1/tenants/{slug}",
        headers={"authorization": f"Bearer {token}"},
        timeout=PATIENCE,
    )
    return reply.json() if reply.status_code == 200 else None


OWNER, GUEST = sign_up("owner"), sign_up("guest")
TOKEN = log_in(OWNER)
until("the workspace", lambda: active(TOKEN, "owner-hall"))


# Not kept between calls: a guest's token is of one use.
@schemathesis.auth(refresh_interval=None)
class Person:
    def get(self, case, context):
        ends = context.operation.definition.raw.get("operationId") in ENDS_SESSIONS
        return log_in(GUEST) if ends else TOKEN

    def set(self, case, data, context):
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def map_path_parameters(context, parameters):
    """Most calls go to a workspace that exists: behind any other there is nothing but 404."""
    if parameters and "tenant" in parameters and hash(str(parameters)) % 4:
        parameters["tenant"] = "owner-hall"
    return parameters
