"""The writing rules that transcript conventions are put together from, one file per idea.

Every rule is a plain function from text to text that never raises, whatever the text. A rule knows no
convention and no other rule; `asr.convention` says which are used, in which order, and repeats them until the
text stands still.
"""
