"""Rollouts: how a candidate reaches users by steps, what is learnt meanwhile, and what follows from it."""
