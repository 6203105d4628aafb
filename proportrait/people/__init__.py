"""Who is in a folder of photos, without a reference."""

from proportrait.people.finding import Person, people, whose

__all__ = ["Person", "people", "whose"]
