"""What is put behind a person who was cut out."""
