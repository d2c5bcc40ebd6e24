"""What a sandbox saw in a test that failed, as text."""

from __future__ import annotations

from .control_api import ServeEvent
from .sandbox import Sandbox

EXPLAINED_MAX = 5
LISTED_MAX = 200


def describe_exchange(exchange: ServeEvent) -> str:
    """One line: ``#2 POST /onboards -> 400 create_onboard: /body/invitation_id: ...``."""
    notes = [f"rule `{one['rule']}`" for one in exchange["applied_rules"]]
    notes += [f"{one['location']}: {one['message']}" for one in exchange["violations"]]
    request, operation = exchange["request"], exchange["operation"] or "(no operation)"
    head = f"#{exchange['number']} {request['method']} {request['url']}"
    head += f" -> {exchange['response']['status']} {operation}"
    return f"{head}: {'; '.join(notes)}" if notes else head


def describe_failure(sandbox: Sandbox) -> str | None:
    """The exchanges, oldest first, and how the notable ones came about, with curl commands that repeat them.

    Rejected and failed requests are notable, else the last one is. `None` without exchanges.
    """
    journal = sandbox.requests(limit=LISTED_MAX)[::-1]
    if not journal:
        return None
    notable = [
        one for one in journal if one["response"]["status"] >= 400 or one["violations"] or one["applied_rules"]
    ] or journal[-1:]
    parts = ["\n".join(describe_exchange(one) for one in journal)]
    for exchange in notable[-EXPLAINED_MAX:]:
        explained = sandbox.explain(exchange=exchange["number"])
        lines = [f"#{exchange['number']} {exchange['request']['method']} {exchange['request']['url']}"]
        lines += [f"  - {reason}" for reason in explained["reasons"]]
        parts.append("\n".join([*lines, f"  {explained['curl']}"]))
    return "\n\n".join(parts)
