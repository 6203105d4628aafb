from proportrait.download import EXAMPLES, __doc__, add_arguments, execute

__all__ = ["EXAMPLES", "__doc__", "add_arguments", "execute"]
