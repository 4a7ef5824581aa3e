"""The claims library over public manifests."""
