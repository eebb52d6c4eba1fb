"""Reads what a service tells Prometheus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
from prometheus_client.parser import text_string_to_metric_families

from shared.runtime.metrics import Metric, Service, metrics_of

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric as Family


@dataclass(frozen=True, slots=True)
class Scrape:
    """One page."""

    families: dict[str, Family]
    """By name; those of counters without their `_total`, as the parser has them."""

    def value(self, name: str, **labels: str) -> float:
        """Of one series."""
        [found] = [
            sample.value
            for family in self.families.values()
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        ]
        return found

    @property
    def own(self) -> set[str]:
        """Names and kinds of Adda's own metrics."""
        return {name for name in self.families if name.startswith("adda_")}

    def misnamed(self, service: Service) -> set[str]:
        """What is declared and not there, or there and not declared, or of another kind."""
        declared = {(family_name(metric), metric.kind) for metric in metrics_of(service)}
        exposed = {(name, self.families[name].type) for name in self.own}
        return {name for name, _ in declared ^ exposed}

    def unknown_labels(self, service: Service) -> set[tuple[str, str, str]]:
        """Labels, and values of bounded ones, that no declaration names."""
        known = {
            (family_name(metric), label.name): label.values
            for metric in metrics_of(service)
            for label in metric.labels
        }
        return {
            (name, label, value)
            for name in self.own
            for sample in self.families[name].samples
            for label, value in sample.labels.items()
            if label != "le"
            and ((name, label) not in known or value not in (known[name, label] or (value,)))
        }


def family_name(metric: Metric) -> str:
    """As the parser calls it."""
    return metric.name.removesuffix("_total")


async def scrape(base: str) -> Scrape:
    """The page of the service at `http://…`."""
    async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
        answer = await client.get(f"{base}/metrics")
    assert answer.status_code == 200, answer.text
    return Scrape({f.name: f for f in text_string_to_metric_families(answer.text)})
