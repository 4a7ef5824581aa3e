"""PolicyBundles: policies in one file or OCI layout, that is pinned by digest or signed."""
