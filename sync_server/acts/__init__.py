"""Acts: the changes that people make, independent of any page.

Pages, the API, commands and the demonstration call these; acts call storage and the domain.
"""
