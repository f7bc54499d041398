"""System checks: what is missing or unsafe is said at start, by id, with the remedy."""
