"""What an IAM policy allows, as the tests ask it."""

from __future__ import annotations

from studbook.permissions import PolicyJson


def actions_in(document: PolicyJson) -> set[str]:
    """Every action that a policy allows."""
    return {action for one in document["Statement"] for action in one["Action"]}
