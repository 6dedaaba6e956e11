"""The state of an end as JSON, at `/state.json`: a stable shape for wallboards and watchdogs.

Fields are added, never renamed or given another meaning. Times are seconds since 1970-01-01T00:00:00Z,
null where there is none. No text of any message is in it.

    {"format": "parley-state/1", "party", "fingerprint", "now", "version",
     "pairs": [{"name", "fingerprint"}], "bearers": [{"name", "up"}], "alarms": [text], "unopened_frames",
     "watch": log-in name or null,
     "lines": [{"name", "id", "pair", "is_order_wire", "declared", "declared_detail", "observed",
                "observed_age_s", "our_size", "their_size", "their_receipt", "waiting", "missing", "agree",
                "ringing", "next_contact", "open_slot", "last_contact"}]}
"""

from __future__ import annotations

from parley.desk.views import LineView, StatusView


def state(status: StatusView) -> dict[str, object]:
    """The document for `status`."""
    return {
        "format": "parley-state/1",
        "party": status.party,
        "fingerprint": status.fingerprint,
        "now": status.now,
        "version": status.version,
        "pairs": [{"name": name, "fingerprint": fingerprint} for name, fingerprint in status.pairs],
        "bearers": [{"name": name, "up": up} for name, up in status.bearers],
        "alarms": list(status.alarms),
        "unopened_frames": status.unopened_frames,
        "watch": status.watch,
        "lines": [_line(line) for line in status.lines],
    }


def _line(line: LineView) -> dict[str, object]:
    return {
        "name": line.name,
        "id": line.id,
        "pair": line.pair,
        "is_order_wire": line.is_order_wire,
        "declared": line.declared,
        "declared_detail": line.declared_detail,
        "observed": line.observed,
        "observed_age_s": line.observed_age_s,
        "our_size": line.our_size,
        "their_size": line.their_size,
        "their_receipt": line.their_receipt,
        "waiting": line.waiting,
        "missing": line.missing,
        "agree": line.agree,
        "ringing": line.ringing,
        "next_contact": line.next_contact,
        "open_slot": line.open_slot,
        "last_contact": line.last_contact,
    }
