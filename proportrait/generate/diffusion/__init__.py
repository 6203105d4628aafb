"""Image-to-image pipelines of diffusers."""
