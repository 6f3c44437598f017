"""Items and reviews to put into tests."""

from serving.review.item import Answer, Reason, Review, ReviewItem, Said

NOW = 1_700_000_000.0


def item(number: int = 0, *, heard: str | None = "play some jazz", **fields: object) -> ReviewItem:
    """The item of request `number`, asked a second after the one before."""
    given: dict[str, object] = {
        "item_id": f"req_{number:06d}",
        "at": NOW + number,
        "reason": Reason.SAMPLED,
        "consent": True,
        "answer": Answer(text=heard, confidence=0.8, variant="champion"),
        "inclusion_probability": 0.5,
    }
    return ReviewItem(**{**given, **fields})  # type: ignore[arg-type]


def review(labeler: str = "ann", text: str = "play some jazz", **fields: object) -> Review:
    given: dict[str, object] = {"labeler": labeler, "at": NOW + 60, "text": text, "spent_s": 4.0}
    return Review(**{**given, **fields})  # type: ignore[arg-type]


def unintelligible(labeler: str = "ann") -> Review:
    return review(labeler, "", said=Said.UNINTELLIGIBLE)


def skip(labeler: str = "ann") -> Review:
    return review(labeler, "", said=Said.SKIP)
