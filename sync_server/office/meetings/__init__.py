"""Office pages about meetings: the list, the board, arrangements, rolls, reports and evaluation."""
