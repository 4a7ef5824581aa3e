"""What others measured or said of a model, read into values that policies judge; a report's own verdict counts for nothing."""
