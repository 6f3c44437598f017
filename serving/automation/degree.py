"""How much a class of traffic is left to the model. Knows no class and no threshold."""

from enum import StrEnum


class Degree(StrEnum):
    """Degrees of automation, the least first.

    >>> Degree.SHADOW.rank < Degree.PARTIAL.rank, Degree.PARTIAL.lower()
    (True, <Degree.ASSIST: 'assist'>)
    """

    HUMAN_ONLY = "human_only"
    """A transcriber's text is the answer; the model does not run."""
    SHADOW = "shadow"
    """The model runs, the transcriber's text is the answer, and how far they agree is measured."""
    ASSIST = "assist"
    """The transcriber begins with the model's text, in which uncertain words are marked."""
    PARTIAL = "partial"
    """The model answers where it is confident enough, a transcriber elsewhere."""
    FULL = "full"
    """The model answers."""

    @property
    def rank(self) -> int:
        """0 is the least automation."""
        return list(Degree).index(self)

    def lower(self) -> "Degree":
        """The next one with less automation; of the least one itself."""
        return list(Degree)[max(self.rank - 1, 0)]

    @property
    def model_runs(self) -> bool:
        """Is the model asked at all?"""
        return self is not Degree.HUMAN_ONLY

    @property
    def model_may_answer(self) -> bool:
        """May a query be answered without a person?"""
        return self in (Degree.PARTIAL, Degree.FULL)

    @property
    def model_text_shown(self) -> bool:
        """Does the transcriber see the model's text? Elsewhere not, so that what is measured against is unbiased."""
        return self is Degree.ASSIST
