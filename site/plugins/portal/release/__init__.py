"""The release: a manifest, in two levels, that lists the built files with their sha256."""
