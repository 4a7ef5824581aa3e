"""What entries of a trail support of the controls that auditors ask about, and what they do not."""
