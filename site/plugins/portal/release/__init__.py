"""Write and read the manifest of a release, which lists the built files with their sha256."""
