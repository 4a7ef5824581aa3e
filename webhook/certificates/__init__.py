"""The certificates of the webhook: an authority of its own, which is rotated, or files that somebody else keeps."""
