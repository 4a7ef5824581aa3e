"""What manifests ask for: the claims library of the shipped rules, as a table and as a picture."""
