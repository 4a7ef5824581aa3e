"""`make bench`: tables of ours, the peer and the ratio, measured in one run."""
