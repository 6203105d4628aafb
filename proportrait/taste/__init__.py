"""Learn one person's two-class judgement of pictures from a few labels."""
