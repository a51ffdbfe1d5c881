"""``python -m il21`` is the command ``il21``."""

from il21.cli.main import main

if __name__ == "__main__":
    main()
