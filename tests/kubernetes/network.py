"""NetworkPolicies, as a network that obeys them reads them; not a test itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.kubernetes.rendering import Object


@dataclass(frozen=True, slots=True)
class Place:
    """A pod, as far as policies look at it."""

    namespace: str
    labels: Mapping[str, str]


def matches(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a label selector selects; an empty one selects all."""
    if not selector.get("matchLabels", {}).items() <= labels.items():
        return False
    for wanted in selector.get("matchExpressions", ()):
        if wanted["operator"] != "In":
            raise NotImplementedError(wanted["operator"])
        if labels.get(wanted["key"]) not in wanted["values"]:
            return False
    return True


def may_reach(policies: Sequence[Object], source: Place, target: Place, port: int) -> bool:
    """Whether `source` gets to TCP `port` of `target`: it must be let out, and be let in."""
    return _lets(policies, "Egress", source, target, port) and _lets(
        policies, "Ingress", target, source, port
    )


def _lets(policies: Sequence[Object], direction: str, own: Place, other: Place, port: int) -> bool:
    on_it = [
        policy["spec"]
        for policy in policies
        if policy["metadata"]["namespace"] == own.namespace
        and direction in policy["spec"]["policyTypes"]
        and matches(policy["spec"]["podSelector"], own.labels)
    ]
    side = "to" if direction == "Egress" else "from"
    rules = [rule for spec in on_it for rule in spec.get(direction.lower(), ())]
    return not on_it or any(_fits(rule, side, own, other, port) for rule in rules)


def _fits(rule: Object, side: str, own: Place, other: Place, port: int) -> bool:
    ports = rule.get("ports")
    if ports is not None and not any(
        one["port"] == port and one["protocol"] == "TCP" for one in ports
    ):
        return False
    peers = rule.get(side)
    return peers is None or any(_is_peer(peer, own, other) for peer in peers)


def _is_peer(peer: Object, own: Place, other: Place) -> bool:
    if unknown := set(peer) - {"namespaceSelector", "podSelector"}:
        raise NotImplementedError(unknown)
    namespaces = peer.get("namespaceSelector")
    if namespaces is None:
        near = other.namespace == own.namespace
    else:
        near = matches(namespaces, {"kubernetes.io/metadata.name": other.namespace})
    return near and matches(peer.get("podSelector", {}), other.labels)
