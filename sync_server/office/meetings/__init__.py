"""Office pages about meetings: times, halls, live attendance figures, reports and evaluation."""
