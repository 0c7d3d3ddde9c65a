"""Run the command as `python -m codec.cli`."""

from codec.cli import main

if __name__ == "__main__":
    main()
