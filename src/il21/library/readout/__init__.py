"""How tumours are read, whatever they are."""
