"""Pages about meetings: the list, the board, arrangements, rolls, the evaluation."""
