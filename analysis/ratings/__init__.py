"""What does a design make of a panel? The fold over the steps, and its tables."""
