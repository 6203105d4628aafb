"""How true what a verdict says is: reasons, explanations, and crops."""
