"""Speed, measured: the bare engine, the front end, and whole servers under an open-loop load.

Peers run through the same clips, the same client and the same cores as ours, in the same run.
"""
