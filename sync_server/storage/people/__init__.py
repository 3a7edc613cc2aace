"""Store people, the lists of summoned people, personal cards, uploaded lists and contacts."""
