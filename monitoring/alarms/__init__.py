"""From findings to people: policies, the life of an alarm, its delivery, and what was learnt from it."""
