"""References to models resolved to digests: by what they say, by what somebody signed, and, where that is asked for, by asking."""
