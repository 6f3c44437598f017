"""What replicas decide together, beside the events: variants, rollouts, degrees of automation, reviews, keys."""
