"""A web page and a REST endpoint that judge photos in the memory of this machine."""
