"""PromotionPolicy: which environments there are, and what a version needs to enter each."""
