"""Acts: what people do, apart from any page.

Pages, the API, commands and the demonstration call these; acts call storage and the domain.
"""
