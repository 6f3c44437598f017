"""What users do with wrong answers: pairs of queries to fit the retry detector of `monitoring.behaviour` to."""
