"""Pictures: scorers that look at decoded frames and say how likely they show what the policy names."""
