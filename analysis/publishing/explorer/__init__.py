"""How does a policymaker move a design by hand? One page that computes who is named."""
