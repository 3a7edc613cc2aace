"""Write and read the manifest of a release, a list of all files of a built portal."""
