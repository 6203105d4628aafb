"""Weight files of installed packages, and small networks on the CPU."""
