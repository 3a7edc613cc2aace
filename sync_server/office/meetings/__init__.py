"""Office pages about meetings: their times and halls, live figures, reports and evaluation."""
