"""Rules about English words: fillers, contractions and spelling variants.

They expect lower case; words in capitals they leave as they are. They know nothing of numbers.
"""

import json
import re
from functools import cache
from importlib.resources import files
from typing import Final

_WORD: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_LETTERS: Final = re.compile(r"[^\W\d_]+")

_FILLER: Final = re.compile(
    r"(?<![\w'])(?:"
    r"uh[- ]?huh|mm+[- ]?hm+|"
    r"u+h*m+|u+h+|e+r+m+|h+m+|mhm+|"
    r"(?<![0-9])(?<![0-9] )mm+|"  # not the millimetres of "5 mm"
    r"er(?=\s*(?:,|\.\.|-\s))"  # "er" is also a hospital: a filler only before a written pause
    r")(?![\w'])[,.]*"
)

_ENDINGS: Final = {"n't": " not", "'re": " are", "'ll": " will", "'ve": " have", "'m": " am"}
_ENDING: Final = re.compile("(?:" + "|".join(_ENDINGS) + r")(?!\w)")
_SUBJECTS: Final = ("he", "she", "it", "that", "there", "here", "who", "what", "where", "when", "why", "how")
_VERBS: Final = ("do", "does", "did", "is", "are", "was", "were", "have", "has", "could", "would", "should")
_CONTRACTIONS: Final = {
    **{f"{subject}'s": f"{subject} is" for subject in _SUBJECTS},
    **{f"{subject}'d": f"{subject} would" for subject in ("i", "you", "he", "she", "it", "we", "they", "who")},
    **{f"{verb}nt": f"{verb} not" for verb in _VERBS},
    "can't": "can not",
    "cannot": "can not",
    "won't": "will not",
    "shan't": "shall not",
    "ain't": "ain't",
    "let's": "let us",
    "im": "i am",
    "ive": "i have",
    "thats": "that is",
    "whats": "what is",
    "wheres": "where is",
    "theres": "there is",
    "y'all": "you all",
    "wanna": "want to",
    "gonna": "going to",
    "gotta": "got to",
    "gimme": "give me",
    "lemme": "let me",
    "kinda": "kind of",
    "dunno": "do not know",
}

_VARIANTS: Final = {"okay": "ok", "alright": "all right"}
_OPEN_COMPOUND: Final = re.compile(
    r"(?<![\w'.-])(?:(e)[- ](mails?)|(wi)[- ](fi)|(per)[- ](cent)|(t)[- ](vs?))(?![\w'])"
)


def drop_fillers(text: str) -> str:
    """Without "um", "uh", "erm", "hmm" and the like, and the commas and stops that set them off."""
    return _FILLER.sub(" ", text)


def expand_contractions(text: str) -> str:
    """Contractions in full, where they have one reading: "what's" is "what is", "today's" stays.

    Those commonly written without the apostrophe are known too ("whats"), where that is no other word.
    """
    return _WORD.sub(_expanded, text)


def american_spelling(text: str) -> str:
    """The American spelling of words that have two, and the closed form of "e-mail" and the like.

    The 1,739 pairs are those of the Whisper English normalizer (Radford et al. 2022, appendix C).
    """
    spellings = _spellings()
    joined = _OPEN_COMPOUND.sub(lambda compound: "".join(filter(None, compound.groups())), text)
    return _LETTERS.sub(lambda word: spellings.get(word[0], word[0]), joined)


def _expanded(match: re.Match[str]) -> str:
    word = match[0]
    if word in _CONTRACTIONS:
        return _CONTRACTIONS[word]
    return _ENDING.sub(lambda ending: _ENDINGS[ending[0]], word) if "'" in word else word


@cache
def _spellings() -> dict[str, str]:
    """British to American. Only the data file is read: the normalizer's code takes 30 ms to import."""
    pairs: dict[str, str] = json.loads((files("whisper_normalizer") / "normalizers/english.json").read_bytes())
    return pairs | _VARIANTS
