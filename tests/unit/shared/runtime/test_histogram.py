from __future__ import annotations

from shared.runtime.histogram import Bucket, Histogram

INFINITY = float("inf")


def test_each_bucket_holds_what_is_in_those_before_it() -> None:
    histogram = Histogram((1.0, 10.0))
    for value in (0.5, 1.0, 3.0, 99.0):
        histogram.observe(value)
    assert histogram.buckets() == [
        Bucket(1.0, 2, None),
        Bucket(10.0, 3, None),
        Bucket(INFINITY, 4, None),
    ]
    assert histogram.total == 103.5


def test_of_what_one_bucket_holds_one_is_remembered_until_it_was_read() -> None:
    histogram = Histogram((1.0,))
    histogram.observe(0.1, lambda: {"request_id": "first"})
    histogram.observe(0.2, lambda: {"request_id": "second"})
    [seen, above] = histogram.buckets()
    assert (seen.exemplar, above.exemplar) != (None, None)
    assert seen.exemplar is not None
    assert (dict(seen.exemplar.labels), seen.exemplar.value) == ({"request_id": "first"}, 0.1)
    histogram.observe(0.3, lambda: {"request_id": "third"})
    newer = histogram.buckets()[0].exemplar
    assert newer is not None
    assert dict(newer.labels) == {"request_id": "third"}


def test_who_was_measured_is_asked_only_when_it_is_wanted() -> None:
    asked: list[int] = []

    def known_as() -> dict[str, str]:
        asked.append(1)
        return {}

    histogram = Histogram((1.0,))
    for _ in range(3):
        histogram.observe(0.1, known_as)
    assert asked == [1]
