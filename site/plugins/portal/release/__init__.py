"""The release: a manifest in two levels over files by their sha256."""
