"""What the OpenAPI document says in words: what this is, how to begin, what the tags are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from noond import __version__

INFO: Final[Mapping[str, Any]] = {
    "title": "noond",
    "version": __version__,
    "summary": "Turns folders, mail and chats into reviewed records on your own device.",
    "contact": {"name": "The maintainers of noond"},
    "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
    "description": """\
noond is a daemon of your own. Agents read folders on your devices, by hand or on a schedule, and
bring tasks, notes and other records, each with the quote it was taken from. You approve, edit or
reject them on the device.

## Getting started

1. `noond init` makes the data directory and prints an API key; `noond serve` starts the daemon.
2. `POST /api/v1/devices/pairings` makes a pairing code. A device turns it into its token with
   `POST /api/v1/devices/pair`, and connects to `/ws/device`.
3. `POST /api/v1/agents` makes an agent for folders on that device.
4. `POST /api/v1/agents/{agent_id}/runs` starts it, `GET /api/v1/runs/{run_id}/events` tells how it
   goes, and `GET /api/v1/runs/{run_id}/records` lists what it brought.

```sh
curl -sS http://127.0.0.1:8737/api/v1/agents -H "Authorization: Bearer $KEY"
```

On this page, **Authorize** takes the key, and **Try it out** sends requests to this daemon.

## Authentication

Send one credential, which is one of two:

- an **API key**, for programs: `Authorization: Bearer <key>` or `X-API-Key: <key>`. `noond init`
  prints the first one, `POST /api/v1/api-keys` makes more, each with its scopes.
- an **access token** (a JWT), for people: `Authorization: Bearer <token>`. `POST
  /api/v1/auth/login` gives one for a name and a password, with a refresh token that
  `POST /api/v1/auth/refresh` turns into new ones.

Each operation names the **scope** that the credential needs (`x-scope` in the document). Devices
have tokens of their own, which open `/ws/device` and nothing else. Operations without a lock need
no credential. A browser's requests must come from the daemon's own pages or an origin of
`server.allowed_origins`.

## Conventions

- **JSON** in UTF-8 only. Bodies are strict: unknown fields, wrong types and doubled keys are
  refused, with the field's name. So are unknown parameters in the query.
- **Times** are RFC 3339 in UTC, durations are in seconds, ids are UUIDv7 as text. A device chooses
  its own id.
- **Lists** are `{"items": […], "next": "<cursor>" | null}`, newest first unless said otherwise;
  send `next` as `cursor` for the next page.
- **`Idempotency-Key`**, where an operation takes it: the same key with the same body within 24
  hours gets the first reply. A reply that held a secret is not kept; its repetition is refused with
  `already_created`.
- **Limits** are token buckets for each key (`x-rate-limit` in the document). Counted replies carry
  `X-RateLimit-Limit`, `X-RateLimit-Remaining` and `X-RateLimit-Reset`; above the limit the answer
  is 429 with `Retry-After`.
- **Errors** are problem documents (RFC 9457). `code` is stable, `errors` lists wrong fields. A
  method that a path does not have is answered with 405 `method_not_allowed` and `Allow`.
- Every reply has an `X-Request-ID`; a request may bring its own (`[A-Za-z0-9._-]`, at most 64
  characters). The daemon's log names it.
""",
}

TAGS: Final[Mapping[str, str]] = {
    "Health": "Whether the process is alive and can do its work.",
    "Authentication": "Signing in and out, and who one is.",
    "Users": "Who has an account, and what they may do.",
    "API Keys": "Long-lived credentials for programs, with scopes; shown once, stored as a hash.",
    "Devices": "The devices that agents read folders on: let them in, list them, remove them.",
    "Agents": "What is read, where, when, and for what.",
    "Invocations": "Messages to chat agents: answered at once, as a stream, or later.",
    "Tasks": "Answers of chat agents: how they go, what came of them, what they cost.",
    "Conversations": "Messages that belong together.",
    "Schedules": "Messages that the clock sends.",
    "Runs": "Executions of agents: their progress, errors, cost and records.",
    "Previews": "A dry run's proposals, applying them, undoing a run, comparing two runs.",
    "Agent Service": "Sessions with agents, what was said in them, what happened, quotas, figures.",
    "Usage": "What calls to models came to, and what is left of the limits.",
    "Events": "What happens, as it happens.",
    "Background Jobs": "Work that goes on after the reply: its state and result.",
    "Protocols": "Other ways in for programs and agents.",
    "Audit Logs": "Who did what, and when.",
    "Documents": "This document, and the page that shows it.",
}
"""What each tag is about, in the order of the page; a tag without routes is left out."""

SECURITY_SCHEMES: Final[Mapping[str, Mapping[str, Any]]] = {
    "bearerAuth": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT or API key",
        "description": "`Authorization: Bearer <credential>`: an access token from "
        "`POST /api/v1/auth/login`, or an API key.",
    },
    "apiKeyAuth": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "An API key in a header of its own.",
    },
    "deviceToken": {
        "type": "http",
        "scheme": "bearer",
        "description": "A device's token, from pairing. It opens `/ws/device` only.",
    },
}
